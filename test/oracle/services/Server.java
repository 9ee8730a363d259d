import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;

/** A Java service for the oracle: its heap is sized from the memory limit (-XX:MaxRAMPercentage),
 * and holds the last 2,000 results, about 48 MB, from the start. */
public final class Server {
    private static final int KEPT = 2000;
    private static final ArrayDeque<byte[]> kept = new ArrayDeque<>();

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(System.getenv("PORT"));
        for (int i = 0; i < KEPT; i++) {
            kept.addLast(new byte[24_000]);
        }
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
        server.createContext("/healthz", exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.createContext("/", exchange -> {
            byte[] body = work();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
    }

    private static byte[] work() {
        List<String> list = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            list.add("item " + (i * 7919) % 2000);
        }
        Collections.sort(list);
        byte[] body = String.join(",", list).getBytes(StandardCharsets.UTF_8);
        synchronized (kept) {
            kept.addLast(body);
            kept.removeFirst();
        }
        byte[] reply = new byte[512];
        System.arraycopy(body, 0, reply, 0, reply.length);
        return reply;
    }
}
