package gerland;

import io.delta.storage.HadoopFileSystemLogStore;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Delta's log on an object store that puts an object only where none is (If-None-Match), so that of several writers
 * one makes a version and the others are told. Delta's own store for S3 is safe within one driver only.
 */
public final class ConditionalPutLogStore extends HadoopFileSystemLogStore {
  private static final String ONLY_IF_ABSENT = "fs.option.create.conditional.overwrite";

  public ConditionalPutLogStore(Configuration conf) {
    super(conf);
  }

  @Override
  public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration conf) throws IOException {
    FileSystem system = path.getFileSystem(conf);
    byte[] content = bytes(actions);
    FSDataOutputStreamBuilder<?, ?> created = system.createFile(path).recursive().overwrite(overwrite);
    if (!overwrite) {
      created.must(ONLY_IF_ABSENT, true);
    }
    try {
      put(created.build(), content);
    } catch (IOException error) {
      if (overwrite) {
        throw error;
      }
      settle(system, path, content, error);
    }
  }

  /** All of it or nothing: a stream that is closed after it failed would put what it has. */
  private static void put(FSDataOutputStream out, byte[] content) throws IOException {
    try {
      out.write(content);
    } catch (IOException error) {
      out.abort();
      throw error;
    }
    out.close();
  }

  /** What failed may have been written: the answer to a put can be lost, and the put be repeated and refused. */
  private static void settle(FileSystem system, Path path, byte[] content, IOException error) throws IOException {
    byte[] stands;
    try (InputStream in = system.open(path)) {
      stands = in.readAllBytes();
    } catch (FileNotFoundException absent) {
      throw error;
    }
    if (!Arrays.equals(stands, content)) {
      throw new FileAlreadyExistsException(path.toString());
    }
  }

  private static byte[] bytes(Iterator<String> lines) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    while (lines.hasNext()) {
      out.write(lines.next().getBytes(StandardCharsets.UTF_8));
      out.write('\n');
    }
    return out.toByteArray();
  }

  /** An object is there whole or not at all. */
  @Override
  public Boolean isPartialWriteVisible(Path path, Configuration conf) {
    return false;
  }
}
