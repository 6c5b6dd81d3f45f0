import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationToken;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** An application of which nothing is about Informer: who is there, and the token of its forms. */
@SpringBootApplication
@RestController
public class Application {
    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @GetMapping("/me")
    Map<String, Object> me(Authentication who, CsrfToken token) {
        if (who instanceof JwtAuthenticationToken called) {
            return Map.of("sub", called.getToken().getSubject());
        }
        return Map.of("email", ((OidcUser) who.getPrincipal()).getEmail(), "csrf", token.getToken());
    }
}
