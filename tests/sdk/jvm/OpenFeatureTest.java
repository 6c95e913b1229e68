// SPDX-License-Identifier: Apache-2.0

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.ErrorCode;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Structure;
import dev.openfeature.sdk.Value;
import java.io.File;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.After;
import org.junit.Test;

/**
 * OpenFeature's Java SDK with its OFREP provider 0.0.2, unmodified; see tests/sdk/openfeature.py.
 * This provider calls every 400 an invalid context, and an answer without a value a flag that was
 * not found: the value is the code's all the same.
 */
public class OpenFeatureTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, Question> DEALT = Map.of(
        "am-colour", new Question("am-colour", "object", Map.of()),
        "am-half", new Question("am-half", "boolean", false),
        "dealt", new Question("dealt", "string", ""));

    /** A line of openfeature.json. */
    public static class Question {
        public String flag;
        public String type;
        public String reason;
        public String variant;
        public String error;
        public Object value;
        public boolean valueless;
        public Map<String, Object> context = Map.of();
        public Map<String, Object> metadata = Map.of();
        @com.fasterxml.jackson.annotation.JsonProperty("default")
        public Object otherwise;

        public Question() {}

        Question(String flag, String type, Object otherwise) {
            this.flag = flag;
            this.type = type;
            this.otherwise = otherwise;
        }
    }

    private static String told(String name) {
        String value = System.getenv("GUIDON_" + name);
        if (value == null) {
            throw new IllegalStateException("run me through tests/sdk/run jvm: no GUIDON_" + name);
        }
        return value;
    }

    private static List<Question> questions() throws Exception {
        return JSON.readValue(new File(told("OPENFEATURE_QUESTIONS")), new TypeReference<List<Question>>() {});
    }

    private static Client client(String header, String credential) {
        String domain = header + " " + credential;
        OpenFeatureAPI.getInstance().setProviderAndWait(domain, OfrepProvider.constructProvider(OfrepProviderOptions.builder()
            .baseUrl(told("URL")).headers(ImmutableMap.of(header, ImmutableList.of(credential))).build()));
        return OpenFeatureAPI.getInstance().getClient(domain);
    }

    private static Client withKey(String key) {
        return client("Authorization", "Bearer " + key);
    }

    @After
    public void nothingIsLeft() {
        OpenFeatureAPI.getInstance().shutdown();
    }

    private static EvaluationContext context(Map<String, Object> attributes) {
        Map<String, Value> values = new HashMap<>();
        attributes.forEach((name, value) -> values.put(name, Value.objectToValue(value)));
        Value key = values.remove("targetingKey");
        return key == null ? new ImmutableContext(values) : new ImmutableContext(key.asString(), values);
    }

    private static FlagEvaluationDetails<?> ask(Client client, Question question, EvaluationContext who) {
        switch (question.type) {
        case "boolean":
            return client.getBooleanDetails(question.flag, (Boolean) question.otherwise, who);
        case "string":
            return client.getStringDetails(question.flag, (String) question.otherwise, who);
        case "integer":
            return client.getIntegerDetails(question.flag, (Integer) question.otherwise, who);
        case "float":
            return client.getDoubleDetails(question.flag, (Double) question.otherwise, who);
        default:
            return client.getObjectDetails(question.flag, Value.objectToValue(question.otherwise), who);
        }
    }

    private static Object plain(Object value) {
        return value instanceof Value ? plainValue((Value) value) : value;
    }

    /** As JSON's reader has it: whole numbers without a fraction. */
    private static Object plainValue(Value value) {
        if (value.isStructure()) {
            Structure structure = value.asStructure();
            Map<String, Object> members = new HashMap<>();
            structure.keySet().forEach(name -> members.put(name, plainValue(structure.getValue(name))));
            return members;
        }
        if (value.isList()) {
            List<Object> items = new ArrayList<>();
            value.asList().forEach(item -> items.add(plainValue(item)));
            return items;
        }
        return value.isNumber() && value.asDouble() % 1 == 0 ? (Object) value.asInteger() : value.asObject();
    }

    private static void judge(Question question, FlagEvaluationDetails<?> found) {
        if (question.type.equals("object") && "TYPE_MISMATCH".equals(question.error)) {
            return; // anything is an object to this SDK
        }
        String what = question.flag + " " + question.type + " " + question.context + ": " + found;
        assertEquals(what, question.value, plain(found.getValue()));
        if (question.error != null) {
            String error = question.error.equals("TARGETING_KEY_MISSING") ? "INVALID_CONTEXT" : question.error;
            assertEquals(what, ErrorCode.valueOf(error), found.getErrorCode());
        } else if (!question.valueless) {
            assertEquals(what, null, found.getErrorCode());
            assertEquals(what, question.reason, found.getReason());
            assertEquals(what, question.variant, found.getVariant());
            assertEquals(what, question.metadata, found.getFlagMetadata().asUnmodifiableMap());
        }
    }

    @Test
    public void everyQuestionHasItsAnswerWithABearer() throws Exception {
        Client client = withKey(told("OPENFEATURE_KEY"));
        for (Question question : questions()) {
            judge(question, ask(client, question, context(question.context)));
        }
    }

    @Test
    public void everyQuestionHasItsAnswerWithAnApiKey() throws Exception {
        Client client = client("X-API-Key", told("OPENFEATURE_KEY"));
        for (Question question : questions()) {
            judge(question, ask(client, question, context(question.context)));
        }
    }

    @Test
    public void everybodyIsDealtWhatTheServerItselfSays() throws Exception {
        List<Map<String, Object>> contexts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            contexts.add(Map.of("targetingKey", "user-" + i, "country", i % 3 == 0 ? "Norway" : "Chile"));
        }
        Map<String, Object> decided = manage("POST", "/evaluate", Map.of("contexts", contexts, "flags", DEALT.keySet()));
        Client client = withKey(told("OPENFEATURE_KEY"));
        Set<String> reached = new TreeSet<>();
        int place = 0;
        for (Object result : (List<?>) decided.get("results")) {
            EvaluationContext who = context(contexts.get(place++));
            for (Object flag : (List<?>) ((Map<?, ?>) result).get("flags")) {
                String key = (String) ((Map<?, ?>) flag).get("key");
                String variation = (String) ((Map<?, ?>) flag).get("variation");
                FlagEvaluationDetails<?> found = ask(client, DEALT.get(key), who);
                boolean isValueless = found.getErrorCode() == ErrorCode.FLAG_NOT_FOUND && Set.of("off", "control").contains(variation);
                assertTrue(key + " for " + who + ": " + found, variation.equals(found.getVariant()) || isValueless);
                reached.add(key + " " + variation);
            }
        }
        assertEquals(Set.of("am-colour control", "am-colour treatment", "am-half off", "am-half on", "dealt blue", "dealt red"), reached);
    }

    @Test
    public void keysSeeWhatIsTheirs() {
        Map<String, Boolean> keys = Map.of("SERVER_KEY", true, "BROWSER_KEY", false, "CLIENT_KEY", false);
        keys.forEach((name, seesAll) -> {
            Client client = withKey(told("OPENFEATURE_" + name));
            FlagEvaluationDetails<Boolean> hidden = client.getBooleanDetails("hidden", false);
            assertEquals(name, seesAll, hidden.getValue());
            assertEquals(name, seesAll ? null : ErrorCode.FLAG_NOT_FOUND, hidden.getErrorCode());
            assertEquals(name, "classic", client.getStringValue("sf-text", "code"));
        });
    }

    @Test
    public void aWrongKeyLeavesTheValuesOfTheCode() {
        FlagEvaluationDetails<String> found = withKey("sdk_prod_000000000000").getStringDetails("sf-text", "code");
        assertEquals("code", found.getValue());
        assertEquals(ErrorCode.GENERAL, found.getErrorCode());
    }

    @Test
    public void aChangeIsInTheNextAnswer() throws Exception {
        Client client = withKey(told("OPENFEATURE_KEY"));
        for (int value : new int[] {0, 1, 0}) {
            manage("PATCH", "/flags/live", Map.of("fallthrough", Map.of("variation", value == 0 ? "before" : "after")));
            assertEquals(Integer.valueOf(value), client.getIntegerValue("live", -1));
        }
    }

    private static Map<String, Object> manage(String method, String path, Object body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(told("URL") + "/admin/v1/environments/" + told("OPENFEATURE_PROJECT") + path))
            .header("Authorization", "Bearer " + told("CLI_TOKEN")).header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body))).build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        assertEquals(answer.body(), 200, answer.statusCode());
        return JSON.readValue(answer.body(), new TypeReference<Map<String, Object>>() {});
    }
}
