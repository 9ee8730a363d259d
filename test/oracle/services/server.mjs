// A Node.js service for the oracle: sorts and serialises a list for every hit (V8's young heap churns), and keeps the
// last 1,000 results outside of V8's heap (full from the start).
import { createServer } from "node:http";

const kept = Array.from({ length: 1000 }, () => Buffer.alloc(48_000, 1));
const server = createServer((request, response) => {
  if (request.url === "/healthz") return response.end("ok\n");
  const list = Array.from({ length: 1500 }, (_, i) => ({ id: (i * 7919) % 1500, name: `item ${i}` }));
  list.sort((a, b) => a.id - b.id);
  const body = JSON.stringify(list);
  kept.push(Buffer.from(body));
  kept.shift();
  response.setHeader("Content-Type", "application/json");
  response.end(body.slice(0, 512));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), "127.0.0.1");
