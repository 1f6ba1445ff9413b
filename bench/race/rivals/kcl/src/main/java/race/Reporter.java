package race;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.StringJoiner;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/** The race's handler and its reports: bench/race/messages.ts says what they look like. */
final class Reporter {
    private final ObjectMapper json = new ObjectMapper();
    private final boolean isTimed;
    private final OutputStream out;
    private volatile boolean parses;
    private long bytes;

    Reporter(JsonNode order) throws IOException {
        isTimed = order.get("isTimed").asBoolean();
        Socket socket = new Socket("127.0.0.1", order.get("reportPort").asInt());
        socket.setTcpNoDelay(true);
        out = socket.getOutputStream();
        send("{\"kind\":\"hello\",\"worker\":\"" + order.get("worker").asText() + "\"}");
        Thread reader = new Thread(() -> obey(socket));
        reader.setDaemon(true);
        reader.start();
    }

    void handle(String shard, List<KinesisClientRecord> records) {
        if (isTimed) {
            handleTimed(shard, records);
            return;
        }
        long seen = 0;
        for (KinesisClientRecord record : records) seen += parses ? parse(record).size() : record.data().remaining();
        synchronized (this) {
            bytes += seen;
        }
        send(batch(shard, records.size(), System.nanoTime()) + "}");
    }

    void committed(String shard, int records) {
        send("{\"kind\":\"commit\",\"shard\":\"" + shard + "\",\"records\":" + records + ",\"atNs\":\""
                + System.nanoTime() + "\"}");
    }

    private void handleTimed(String shard, List<KinesisClientRecord> records) {
        long now = System.nanoTime();
        StringJoiner ids = new StringJoiner(",");
        StringJoiner latencies = new StringJoiner(",");
        for (KinesisClientRecord record : records) {
            JsonNode payload = parse(record);
            ids.add(payload.get("id").asText());
            latencies.add(String.valueOf((now - Long.parseLong(payload.get("putNs").asText())) / 1e6));
        }
        send(batch(shard, records.size(), now) + ",\"ids\":[" + ids + "],\"latenciesMs\":[" + latencies + "]}");
    }

    private static String batch(String shard, int records, long atNs) {
        return "{\"kind\":\"batch\",\"shard\":\"" + shard + "\",\"records\":" + records + ",\"atNs\":\"" + atNs + "\"";
    }

    private JsonNode parse(KinesisClientRecord record) {
        ByteBuffer data = record.data().duplicate();
        byte[] copy = new byte[data.remaining()];
        data.get(copy);
        try {
            return json.readTree(copy);
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    /** Reads what work is wanted; the end of the connection is the end of the race. */
    private void obey(Socket socket) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine())
                parses = "parse".equals(json.readTree(line).get("work").asText());
        } catch (IOException error) {
            error.printStackTrace();
        }
        Runtime.getRuntime().halt(0);
    }

    private synchronized void send(String line) {
        try {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        } catch (IOException error) {
            Runtime.getRuntime().halt(0);
        }
    }
}
