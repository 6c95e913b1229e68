// SPDX-License-Identifier: Apache-2.0

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import com.amplitude.experiment.Experiment;
import com.amplitude.experiment.ExperimentUser;
import com.amplitude.experiment.RemoteEvaluationClient;
import com.amplitude.experiment.RemoteEvaluationConfig;
import com.amplitude.experiment.Variant;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

/**
 * Amplitude's JVM server SDK, unmodified, against a running server; see tests/sdk/stage.py. This is
 * the version the registry hands out, 1.0.0. It asks the oldest remote route, /sdk/vardata, which
 * answers assigned variants alone, and gives up after half a second. Its local evaluation reads a
 * rules model that was dropped years ago and that nobody serves any more.
 */
public class SdkTest {
    private static final String URL = told("URL");
    private static final int WAIT_S = 5;

    private static String told(String name) {
        String value = System.getenv("GUIDON_" + name);
        if (value == null) {
            throw new IllegalStateException("run me through tests/sdk/run jvm: no GUIDON_" + name);
        }
        return value;
    }

    private static RemoteEvaluationClient client(String key) {
        return Experiment.initializeRemote(key, new RemoteEvaluationConfig.Builder().serverUrl(URL).build());
    }

    private static Map<String, Variant> fetch(ExperimentUser user) throws Exception {
        return client(told("SERVER_KEY")).fetch(user).get(WAIT_S, TimeUnit.SECONDS);
    }

    private static ExperimentUser.Builder user(String id) {
        return ExperimentUser.builder().userId(id);
    }

    @Test
    public void remoteAnswersAssignedVariantsAlone() throws Exception {
        Map<String, Variant> variants = fetch(user("ann").country("Norway").build());
        Variant colour = variants.get("colour-remote");
        assertEquals("treatment", colour.value);
        assertEquals(Map.of("hex", "#088"), colour.payload);
        assertNull(variants.get("dormant"));
        assertNull(variants.get("testers-only"));
        assertNull(variants.get("mutex-lanes"));
    }

    @Test
    public void remoteTakesEverythingAUserMayHave() throws Exception {
        StringBuilder large = new StringBuilder();
        for (int i = 0; i < 4000; i++) {
            large.append("?>~ü");
        }
        Map<String, Variant> variants = fetch(user("Ærøskøbing/日本語/🦊").country("Iceland").deviceId("d").version("1.2.3")
            .userProperty("ключ", "значение").userProperty("large", large.toString()).build());
        assertEquals("treatment", variants.get("colour-remote").value);
    }

    @Test
    public void remoteTakesAnEmptyUser() throws Exception {
        assertFalse(fetch(ExperimentUser.builder().build()).containsKey("half-remote"));
    }

    @Test
    public void inclusionsAndCohortsReachTheSdk() throws Exception {
        assertEquals("control", fetch(user("qa-1").build()).get("colour-remote").value);
        assertEquals("on", fetch(user("tester-4").build()).get("testers-only").value);
        assertFalse(fetch(user("tester-10").build()).containsKey("testers-only"));
    }

    @Test
    public void everyUserHearsWhatThePlainApiSays() throws Exception {
        Set<String> reached = new TreeSet<>();
        for (int i = 0; i < 60; i++) {
            String id = "user-" + i;
            Map<String, Variant> variants = fetch(user(id).build());
            for (String key : new String[] {"colour", "colour-remote", "half", "half-remote", "laned"}) {
                Variant variant = variants.get(key);
                String plain = plainAnswer(id, key);
                boolean isSame = variant == null ? plain.equals("{}") : plain.contains("\"key\":\"" + variant.value + "\"");
                assertTrue(key + " for " + id + " is " + variant + ", not " + plain, isSame);
                reached.add(key + " " + (variant == null ? "nothing" : variant.value));
            }
            assertEquals(variants.get("colour"), variants.get("colour-remote"));
            assertEquals(variants.get("half"), variants.get("half-remote"));
        }
        assertTrue(reached.toString(), reached.contains("half on") && reached.contains("half nothing")
            && reached.contains("laned on") && reached.contains("laned nothing"));
    }

    /** The documented API without any SDK, blanks taken out. */
    private static String plainAnswer(String id, String key) throws IOException, InterruptedException {
        String query = "user_id=" + URLEncoder.encode(id, StandardCharsets.UTF_8) + "&flag_keys=" + key;
        HttpRequest request = HttpRequest.newBuilder(URI.create(URL + "/v1/vardata?" + query))
            .header("Authorization", "Api-Key " + told("SERVER_KEY")).header("X-Amp-Exp-Track", "no-track").build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        assertEquals(200, answer.statusCode());
        return answer.body().replace(" ", "").replace("\n", "");
    }

    @Test
    public void aWrongKeyHasNoVariants() throws Exception {
        try {
            Map<String, Variant> variants = client("server-00000000000000000000000000000000").fetch(user("ann").build()).get(WAIT_S, TimeUnit.SECONDS);
            assertTrue(variants.toString(), variants.isEmpty());
        } catch (ExecutionException error) {
            assertTrue(error.toString(), error.toString().contains("401"));
        }
    }
}
