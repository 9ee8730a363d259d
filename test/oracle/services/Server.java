import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;

/** A Java service for the oracle: its heap is sized from the memory limit (-XX:MaxRAMPercentage). */
public final class Server {
    private static final int KEPT = 400;
    private static final ArrayDeque<byte[]> kept = new ArrayDeque<>();

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(System.getenv("PORT"));
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
            if (kept.size() > KEPT) {
                kept.removeFirst();
            }
        }
        byte[] reply = new byte[512];
        System.arraycopy(body, 0, reply, 0, reply.length);
        return reply;
    }
}
