import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Property files as IBC reads them: Properties.load() from the file's bytes, then trim().
 *
 * <p>usage: java ReadProperties.java DIRECTORY. Prints a line "FILE KEY VALUE" for each property of
 * each file below there, the last two as UTF-16 in hexadecimal, and "FILE malformed" for a file that
 * load() refuses.
 */
final class ReadProperties {
    private ReadProperties() {}

    private static String inHexadecimal(String text) {
        StringBuilder out = new StringBuilder();
        for (char unit : text.toCharArray()) {
            out.append(Integer.toHexString(0x10000 | unit), 1, 5);
        }
        return out.toString();
    }

    private static void read(Path file, String name, StringBuilder out) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = Files.newInputStream(file)) {
            properties.load(in);
        } catch (IllegalArgumentException malformed) {
            out.append(name).append(" malformed\n");
            return;
        }
        for (String key : properties.stringPropertyNames()) {
            String value = properties.getProperty(key).trim();
            out.append(name).append(' ').append(inHexadecimal(key)).append(' ');
            out.append(inHexadecimal(value)).append('\n');
        }
    }

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        List<Path> files;
        try (Stream<Path> found = Files.walk(directory)) {
            files = found.filter(Files::isRegularFile).collect(Collectors.toList());
        }
        StringBuilder out = new StringBuilder();
        for (Path file : files) {
            read(file, directory.relativize(file).toString(), out);
        }
        System.out.print(out);
        System.out.flush();
    }
}
