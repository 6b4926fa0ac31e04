import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/**
 * Serves the MongoDB protocol from memory, some thousand writes a second: for tests in which many
 * clients race. It prints its URI once it listens and ends when its standard input does, and so
 * never outlives the test that started it.
 */
public final class Server {
    /** The version that the driver is told; of what came since the library's last it asks nothing. */
    private static final class Version implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(7, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 21;
        }
    }

    private Server() {}

    public static void main(String[] args) throws Exception {
        MemoryBackend backend = new MemoryBackend();
        backend.version(new Version());
        MongoServer server = new MongoServer(backend);
        System.out.println("mongodb://127.0.0.1:" + server.bind().getPort());
        System.out.flush();
        try (InputStream in = System.in) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        server.shutdownNow();
    }
}
