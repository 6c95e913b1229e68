// SPDX-License-Identifier: Apache-2.0

// Package sdk runs Amplitude's Go server SDK, unmodified, against a running server. See
// tests/sdk/stage.py.
package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/amplitude/analytics-go/amplitude"
	"github.com/amplitude/analytics-go/amplitude/types"
	"github.com/amplitude/experiment-go-server/pkg/experiment"
	"github.com/amplitude/experiment-go-server/pkg/experiment/local"
	"github.com/amplitude/experiment-go-server/pkg/experiment/remote"
	"github.com/amplitude/experiment-go-server/pkg/logger"
)

const (
	visible = 2 * time.Second
	silence = 20 * time.Second
)

var localFlags = []string{"colour", "dormant", "half", "laned", "streamed", "testers-only"}

func told(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv("GUIDON_" + name)
	if value == "" {
		t.Fatalf("run me through tests/sdk/run go: no GUIDON_%s", name)
	}
	return value
}

func remoteClient(t *testing.T, key string) *remote.Client {
	return remote.Initialize(key, &remote.Config{ServerUrl: told(t, "URL"), LogLevel: logger.Disable})
}

// The SDK keeps one local client per key, so every test that wants its own settings brings its own
// deployment.
func localClient(t *testing.T, key string, change func(*local.Config)) *local.Client {
	t.Helper()
	url := told(t, "URL")
	config := &local.Config{
		ServerUrl: url, StreamServerUrl: url, LogLevel: logger.Disable, FlagConfigPollerInterval: 200 * time.Millisecond,
		CohortSyncConfig: &local.CohortSyncConfig{
			ApiKey: told(t, "API_KEY"), SecretKey: told(t, "SECRET_KEY"), CohortServerUrl: url,
		},
	}
	if change != nil {
		change(config)
	}
	return local.Initialize(key, config)
}

func manage(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	return call(t, told(t, "TOKEN"), method, path, body)
}

func call(t *testing.T, token, method, path string, body any) []byte {
	t.Helper()
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body)
	}
	request, err := http.NewRequest(method, told(t, "URL")+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got bytes.Buffer
	_, _ = got.ReadFrom(answer.Body)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, got.String())
	}
	return got.Bytes()
}

// newDeployment attaches the town's streamed flag to a deployment of its own and returns its key.
func newDeployment(t *testing.T, label string) string {
	t.Helper()
	var made struct{ ID string }
	if err := json.Unmarshal(manage(t, "POST", "/api/1/deployments", map[string]string{
		"projectId": told(t, "PROJECT"), "label": label, "type": "server"}), &made); err != nil {
		t.Fatal(err)
	}
	manage(t, "POST", "/api/1/flags/"+told(t, "STREAMED")+"/deployments", map[string][]string{"deployments": {made.ID}})
	var all struct {
		Deployments []struct{ ID, Key string }
	}
	if err := json.Unmarshal(manage(t, "GET", "/api/1/deployments", nil), &all); err != nil {
		t.Fatal(err)
	}
	for _, one := range all.Deployments {
		if one.ID == made.ID {
			return one.Key
		}
	}
	t.Fatalf("deployment %s is not listed", made.ID)
	return ""
}

func waitUntil(t *testing.T, what string, limit time.Duration, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", limit, what)
		}
	}
}

func evaluate(t *testing.T, client *local.Client, user experiment.User) map[string]experiment.Variant {
	t.Helper()
	variants, err := client.EvaluateV2(&user, nil)
	if err != nil {
		t.Fatal(err)
	}
	return variants
}

func same(left, right experiment.Variant) bool {
	return left.Key == right.Key && left.Value == right.Value && reflect.DeepEqual(left.Payload, right.Payload) &&
		left.Metadata["segmentName"] == right.Metadata["segmentName"]
}

func TestRemoteAnswersEveryFlagAssignedOrNot(t *testing.T) {
	variants, err := remoteClient(t, told(t, "SERVER_KEY")).FetchV2(&experiment.User{UserId: "ann", Country: "Norway"})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for key := range variants {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	if got := strings.Join(keys, " "); got != "colour colour-remote dormant half half-remote laned streamed testers-only" {
		t.Errorf("flags: %s", got)
	}
	colour := variants["colour-remote"]
	if colour.Key != "treatment" || colour.Value != "treatment" || colour.Metadata["segmentName"] != "Nordics" ||
		!reflect.DeepEqual(colour.Payload, map[string]any{"hex": "#088"}) {
		t.Errorf("colour-remote: %+v", colour)
	}
	if off := variants["dormant"]; off.Key != "off" || off.Value != "" || off.Metadata["default"] != true {
		t.Errorf("dormant: %+v", off)
	}
}

func TestRemoteFetchLeavesOutTheDefault(t *testing.T) {
	variants, err := remoteClient(t, told(t, "SERVER_KEY")).Fetch(&experiment.User{UserId: "qa-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, found := variants["dormant"]; found || variants["colour-remote"].Key != "control" {
		t.Errorf("%+v", variants)
	}
}

func TestRemoteTakesTrackingOptionsAndLargeUsers(t *testing.T) {
	properties := map[string]any{"ключ": []any{"значение", nil, 1.5, true}}
	for i := 0; i < 16; i++ {
		properties[fmt.Sprintf("p%d", i)] = strings.Repeat("?>~", 100)
	}
	variants, err := remoteClient(t, told(t, "SERVER_KEY")).FetchV2WithOptions(&experiment.User{
		UserId: "Ærøskøbing/日本語/🦊", Country: "Iceland", UserProperties: properties, Groups: map[string][]string{"org": {"acme"}},
	}, &remote.FetchOptions{TracksAssignment: false, TracksExposure: true})
	if err != nil {
		t.Fatal(err)
	}
	if variants["colour-remote"].Metadata["segmentName"] != "Nordics" {
		t.Errorf("%+v", variants["colour-remote"])
	}
}

func TestRemoteTakesAnEmptyUser(t *testing.T) {
	variants, err := remoteClient(t, told(t, "SERVER_KEY")).FetchV2(&experiment.User{})
	if err != nil || variants["half-remote"].Key != "off" {
		t.Errorf("%v %+v", err, variants)
	}
}

func TestRemoteWithAWrongKeyFails(t *testing.T) {
	_, err := remoteClient(t, "server-"+strings.Repeat("0", 32)).FetchV2(&experiment.User{UserId: "ann"})
	if err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("%v", err)
	}
}

func TestLocalAndRemoteAgreeOnEveryUser(t *testing.T) {
	there := remoteClient(t, told(t, "SERVER_KEY"))
	here := localClient(t, told(t, "SERVER_KEY"), nil)
	if err := here.Start(); err != nil {
		t.Fatal(err)
	}
	reached := map[string]bool{}
	for i := 0; i < 300; i++ {
		user := experiment.User{UserId: fmt.Sprintf("user-%d", i), Country: "Chile"}
		if i%30 == 0 {
			user.UserId = fmt.Sprintf("tester-%d", i/30)
		}
		if i%3 == 0 {
			user.Country = "Norway"
		}
		asked := user
		variants, err := there.FetchV2WithOptions(&asked, &remote.FetchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		mine := evaluate(t, here, user)
		for _, key := range localFlags {
			if !same(mine[key], variants[key]) {
				t.Fatalf("%s for %s: %+v is not %+v", key, user.UserId, mine[key], variants[key])
			}
			reached[key+" "+mine[key].Key] = true
		}
		if !same(mine["colour"], variants["colour-remote"]) || !same(mine["half"], variants["half-remote"]) {
			t.Fatalf("%s: the same question in two modes has two answers", user.UserId)
		}
	}
	for _, outcome := range []string{"half on", "half off", "laned on", "laned off", "testers-only on", "testers-only off"} {
		if !reached[outcome] {
			t.Errorf("nobody reached %s", outcome)
		}
	}
}

func TestLocalSyncsCohortsAndTakesFlagKeys(t *testing.T) {
	client := localClient(t, told(t, "SERVER_KEY"), nil)
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	variants, err := client.EvaluateV2(&experiment.User{UserId: "tester-9"}, []string{"testers-only"})
	if err != nil || len(variants) != 1 || variants["testers-only"].Metadata["segmentName"] != "individual-inclusions" {
		t.Errorf("%v %+v", err, variants)
	}
	if off := evaluate(t, client, experiment.User{UserId: "tester-10"})["testers-only"]; off.Key != "off" {
		t.Errorf("%+v", off)
	}
}

func revision(variant experiment.Variant) any {
	payload, _ := variant.Payload.(map[string]any)
	return payload["revision"]
}

func TestLocalPolls(t *testing.T) {
	client := localClient(t, newDeployment(t, "go-polled"), nil)
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	manage(t, "PATCH", "/api/1/flags/"+told(t, "STREAMED")+"/variants/on", map[string]any{"payload": map[string]string{"revision": "polled"}})
	waitUntil(t, "the poller", 5*time.Second, func() bool {
		return revision(evaluate(t, client, experiment.User{UserId: "ann"})["streamed"]) == "polled"
	})
}

func TestLocalStreamsChangesAndHoldsAQuietStream(t *testing.T) {
	client := localClient(t, newDeployment(t, "go-streamed"), func(config *local.Config) {
		config.StreamUpdates = true
		config.FlagConfigPollerInterval = 10 * time.Minute
	})
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	for round := 1; round <= 2; round++ {
		manage(t, "PATCH", "/api/1/flags/"+told(t, "STREAMED")+"/variants/on", map[string]any{"payload": map[string]int{"revision": round}})
		waitUntil(t, "the stream", visible, func() bool {
			return revision(evaluate(t, client, experiment.User{UserId: "ann"})["streamed"]) == float64(round)
		})
		if round == 1 {
			time.Sleep(silence) // the SDK drops a stream that is silent for 17 s
		}
	}
}

func TestLocalWithAWrongKeyDoesNotStart(t *testing.T) {
	if err := localClient(t, "server-"+strings.Repeat("1", 32), nil).Start(); err == nil {
		t.Error("started without a deployment")
	}
}

func TestEventsOfLocalEvaluationAreTakenIn(t *testing.T) {
	taken := make(chan types.ExecuteResult, 16)
	config := amplitude.NewConfig(told(t, "API_KEY"))
	config.ServerURL = told(t, "URL") + "/2/httpapi"
	config.FlushQueueSize = 1
	config.FlushInterval = 50 * time.Millisecond
	config.ExecuteCallback = func(result types.ExecuteResult) { taken <- result }
	client := localClient(t, newDeployment(t, "go-events"), func(settings *local.Config) {
		settings.AssignmentConfig = &local.AssignmentConfig{Config: config}
		settings.ExposureConfig = &local.ExposureConfig{Config: config}
	})
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.EvaluateV2WithOptions(&experiment.User{UserId: "exposed", DeviceId: "d-1"}, &local.EvaluateOptions{TracksExposure: true}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for timeout := time.After(5 * time.Second); len(seen) < 2; {
		select {
		case result := <-taken:
			seen[result.Event.EventType] = result.Code
		case <-timeout:
			t.Fatalf("waited in vain for both kinds of events: %v", seen)
		}
	}
	if seen["[Experiment] Assignment"] != 200 || seen["[Experiment] Exposure"] != 200 {
		t.Errorf("%v", seen)
	}
}
