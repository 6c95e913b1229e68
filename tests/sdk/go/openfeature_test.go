// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

// OpenFeature's Go SDK with its OFREP provider, unmodified. See tests/sdk/openfeature.py.

type question struct {
	Flag, Type, Reason, Variant, Error string
	Default, Value                     any
	Context, Metadata                  map[string]any
	Valueless                          bool
}

// dealt are the flags that deal people, and what they are asked for.
var dealt = map[string]question{
	"am-colour": {Flag: "am-colour", Type: "object", Default: map[string]any{}},
	"am-half":   {Flag: "am-half", Type: "boolean", Default: false},
	"dealt":     {Flag: "dealt", Type: "string", Default: ""},
}

func provider(t *testing.T, option func(string) ofrep.Option, key string) *openfeature.Client {
	t.Helper()
	domain := t.Name() + key
	if err := openfeature.SetNamedProviderAndWait(domain, ofrep.NewProvider(told(t, "URL"), option(key))); err != nil {
		t.Fatal(err)
	}
	return openfeature.NewClient(domain)
}

func withBearer(key string) ofrep.Option { return ofrep.WithBearerToken(key) }
func withAPIKey(key string) ofrep.Option { return ofrep.WithApiKeyAuth(key) }

func questions(t *testing.T) (all []question) {
	t.Helper()
	text, err := os.ReadFile(told(t, "OPENFEATURE_QUESTIONS"))
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	return all
}

// ask puts a question in its type; integers come back as the float64 that JSON has for them.
func ask(client *openfeature.Client, q question) (any, openfeature.EvaluationDetails, error) {
	attributes := maps.Clone(q.Context)
	key, _ := attributes["targetingKey"].(string)
	delete(attributes, "targetingKey")
	who, ctx := openfeature.NewEvaluationContext(key, attributes), context.Background()
	switch q.Type {
	case "boolean":
		found, err := client.BooleanValueDetails(ctx, q.Flag, q.Default.(bool), who)
		return found.Value, found.EvaluationDetails, err
	case "string":
		found, err := client.StringValueDetails(ctx, q.Flag, q.Default.(string), who)
		return found.Value, found.EvaluationDetails, err
	case "integer":
		found, err := client.IntValueDetails(ctx, q.Flag, int64(q.Default.(float64)), who)
		return float64(found.Value), found.EvaluationDetails, err
	case "float":
		found, err := client.FloatValueDetails(ctx, q.Flag, q.Default.(float64), who)
		return found.Value, found.EvaluationDetails, err
	}
	found, err := client.ObjectValueDetails(ctx, q.Flag, q.Default, who)
	return found.Value, found.EvaluationDetails, err
}

// sameJSON compares by what JSON says; metadata's numbers may be of any Go type.
func sameJSON(left, right any) bool {
	one, _ := json.Marshal(left)
	other, _ := json.Marshal(right)
	return string(one) == string(other)
}

func judge(t *testing.T, q question, value any, details openfeature.EvaluationDetails) {
	t.Helper()
	// This provider has nil for an object without a value, and takes anything for an object.
	if q.Type == "object" && (q.Valueless || q.Error == "TYPE_MISMATCH") {
		return
	}
	if !reflect.DeepEqual(value, q.Value) {
		t.Errorf("%+v: %v", q, value)
	}
	if !q.Valueless && string(details.ErrorCode) != q.Error {
		t.Errorf("%+v: error %q", q, details.ErrorCode)
	}
	if q.Reason == "" {
		return
	}
	metadata := q.Metadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	if string(details.Reason) != q.Reason || details.Variant != q.Variant || !sameJSON(details.FlagMetadata, metadata) {
		t.Errorf("%+v: %+v", q, details)
	}
}

func TestOpenFeatureAnswersEveryQuestion(t *testing.T) {
	for name, option := range map[string]func(string) ofrep.Option{"bearer": withBearer, "api key": withAPIKey} {
		t.Run(name, func(t *testing.T) {
			client := provider(t, option, told(t, "OPENFEATURE_KEY"))
			for _, q := range questions(t) {
				value, details, _ := ask(client, q)
				judge(t, q, value, details)
			}
		})
	}
}

func TestOpenFeatureDealsAsTheServerItselfSays(t *testing.T) {
	client := provider(t, withAPIKey, told(t, "OPENFEATURE_KEY"))
	contexts := make([]map[string]any, 100)
	for i := range contexts {
		contexts[i] = map[string]any{"targetingKey": fmt.Sprintf("user-%d", i), "country": "Chile"}
		if i%3 == 0 {
			contexts[i]["country"] = "Norway"
		}
	}
	var expected struct {
		Results []struct {
			Flags []struct{ Key, Variation string }
		}
	}
	text := administer(t, "POST", "/evaluate", map[string]any{"contexts": contexts, "flags": slices.Sorted(maps.Keys(dealt))})
	if err := json.Unmarshal(text, &expected); err != nil || len(expected.Results) != len(contexts) {
		t.Fatal(err, string(text))
	}
	reached := map[string]bool{}
	for i, result := range expected.Results {
		for _, flag := range result.Flags {
			q := dealt[flag.Key]
			q.Context = contexts[i]
			_, details, err := ask(client, q)
			// Where nothing is served, this provider has an error in place of the variant.
			if details.Variant != flag.Variation && (err == nil || flag.Variation != "off") {
				t.Fatalf("%s for %v: %+v, not %s", flag.Key, contexts[i], details, flag.Variation)
			}
			reached[flag.Key+" "+flag.Variation] = true
		}
	}
	if len(reached) != 6 {
		t.Errorf("not everything was dealt: %v", reached)
	}
}

func TestOpenFeatureKeysSeeWhatIsTheirs(t *testing.T) {
	for name, seesAll := range map[string]bool{"SERVER_KEY": true, "BROWSER_KEY": false, "CLIENT_KEY": false} {
		client := provider(t, withBearer, told(t, "OPENFEATURE_"+name))
		value, err := client.BooleanValue(context.Background(), "hidden", false, openfeature.EvaluationContext{})
		if value != seesAll || (err == nil) != seesAll {
			t.Errorf("%s: %v %v", name, value, err)
		}
		if text, err := client.StringValue(context.Background(), "sf-text", "code", openfeature.EvaluationContext{}); text != "classic" {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
}

func TestOpenFeatureWithAWrongKeyHasTheValuesOfTheCode(t *testing.T) {
	client := provider(t, withBearer, "sdk_prod_000000000000")
	found, err := client.StringValueDetails(context.Background(), "sf-text", "code", openfeature.EvaluationContext{})
	if err == nil || found.Value != "code" || found.ErrorCode != openfeature.GeneralCode {
		t.Errorf("%+v %v", found, err)
	}
}

func TestOpenFeatureSeesAChangeAtOnce(t *testing.T) {
	client := provider(t, withBearer, told(t, "OPENFEATURE_KEY"))
	for value, variation := range []string{"before", "after", "before"} {
		administer(t, "PATCH", "/flags/live", map[string]any{"fallthrough": map[string]string{"variation": variation}})
		found, err := client.IntValue(context.Background(), "live", math.MaxInt32, openfeature.EvaluationContext{})
		if err != nil || found != int64(value%2) {
			t.Errorf("%s: %d %v", variation, found, err)
		}
	}
}

func administer(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	return call(t, told(t, "CLI_TOKEN"), method, "/admin/v1/environments/"+told(t, "OPENFEATURE_PROJECT")+path, body)
}
