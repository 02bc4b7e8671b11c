// ReadProperties.java - what java.util.Properties makes of a config.ini, as IBC reads it.
//
// On stdin a file a line, in hexadecimal. On stdout for each the username and the password, in UTF-8
// and hexadecimal ("-": empty), both empty where load() throws.

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Properties;

public class ReadProperties {
    private static String inHexadecimal(Properties properties, String key) {
        byte[] bytes = properties.getProperty(key, "").trim().getBytes(StandardCharsets.UTF_8);
        return bytes.length == 0 ? "-" : HexFormat.of().formatHex(bytes);
    }

    private static String read(String line) throws IOException {
        Properties properties = new Properties();
        try {
            properties.load(new ByteArrayInputStream(HexFormat.of().parseHex(line)));
        } catch (IllegalArgumentException malformed) {
            properties.clear();
        }
        return inHexadecimal(properties, "IbLoginId") + " " + inHexadecimal(properties, "IbPassword");
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.append(read(line)).append('\n');
        }
        System.out.print(out);
    }
}
