import java.util.Hashtable;
import javax.naming.directory.InitialDirContext;

/** Looks a name up by JNDI, which takes the servers from the file. */
public class LookUp {
    public static void main(String[] args) throws Exception {
        Hashtable<String, String> settings = new Hashtable<>();
        settings.put("java.naming.factory.initial", "com.sun.jndi.dns.DnsContextFactory");
        settings.put("java.naming.provider.url", "dns:");
        settings.put("com.sun.jndi.dns.timeout.initial", "500");
        settings.put("com.sun.jndi.dns.timeout.retries", "1");
        new InitialDirContext(settings).getAttributes(args[0], new String[] {"A"});
    }
}
