import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * A MongoDB wire protocol server in memory, for tests: on a free port, which it prints as a URI. It ends when its standard
 * input does, so no server is left behind by a test that was killed.
 */
public class Launcher {
  /** The version it announces: one that current drivers accept. */
  enum Announced implements MongoVersion {
    SEVEN;

    @Override
    public List<Integer> getVersionArray() {
      return List.of(7, 0, 0);
    }

    @Override
    public int getWireVersion() {
      return 21;
    }
  }

  public static void main(String[] arguments) throws Exception {
    MemoryBackend backend = new MemoryBackend();
    backend.version(Announced.SEVEN);
    MongoServer server = new MongoServer(backend);
    server.enableOplog();
    server.bind(new InetSocketAddress("127.0.0.1", 0));
    System.out.println("mongodb://127.0.0.1:" + server.getLocalAddress().getPort() + "/");
    while (System.in.read() >= 0) {
      // Nothing is expected; the end is.
    }
    server.shutdownNow();
  }
}
