package kube

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/observer"
	observerkube "github.com/plimsoll/plimsoll/observer/kube"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/test/kube"
	"github.com/plimsoll/plimsoll/test/oracle/judge"
	"github.com/plimsoll/plimsoll/trial"
	"github.com/plimsoll/plimsoll/tuner"
	workload "github.com/plimsoll/plimsoll/workload/kube"
)

// bench runs trials at chosen limits on the workload of a site, and has them judged by the oracle's judge: the tuner has no
// part in it.
type bench struct {
	runner *trial.Runner
	probe  string
	slos   []scenarios.SLO
}

// agree is how many trials have to pass where limits are enough, as in test/oracle.
const agree = 3

// bench takes the workload of s over, with the scenario file that its search had, and gives it back after the test.
func (s site) bench(t *testing.T) *bench {
	t.Helper()
	path := filepath.Join(s.dir, "scenarios.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := scenarios.Read(path, text, scenarios.Environment{Dir: s.dir, LookupEnv: os.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	client := s.client(t)
	k := take(t, client, file)
	file = k.File()
	job := &cluster.LoadJob{Client: client, Namespace: s.ns, Image: kube.PlimsollImage, Version: s.version(t)}
	b := &bench{probe: file.Tuning.Probe, slos: file.SLOs}
	b.runner = &trial.Runner{Workload: k, File: file, Load: job.Run, Watch: func(targets func() []observer.Target) trial.Watching {
		return observerkube.Start(observerkube.Reading{Source: throughServer(t, client.Config, s.ns)}, targets)
	}}
	return b
}

// client is Plimsoll's own, as administrator.
func (s site) client(t *testing.T) *cluster.Client {
	t.Helper()
	flags := cluster.Flags()
	flags.KubeConfig = &s.Kubeconfig
	client, err := cluster.New(flags)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// version is that of the plimsoll in the image.
func (s site) version(t *testing.T) string {
	t.Helper()
	program, err := agent()
	if err != nil {
		t.Fatal(err)
	}
	return program.version
}

// take takes a workload over, and gives it back after the test.
func take(t *testing.T, client *cluster.Client, file scenarios.File) *workload.Kube {
	t.Helper()
	k, err := workload.Open(t.Context(), client, file, workload.Options{Resize: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
		defer cancel()
		if err := k.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := k.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k
}

// throughServer reads the kubelets through the API server as config allows it.
func throughServer(t *testing.T, config *rest.Config, namespace string) *observerkube.Kubelets {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return &observerkube.Kubelets{Title: "kubelet", Client: client, Wanted: observerkube.Filter{Namespace: namespace}, URL: func(node string) (string, error) {
		return config.Host + "/api/v1/nodes/" + node + "/proxy/metrics/cadvisor", nil
	}}
}

// trial is one trial at settings, on fresh replicas.
func (b *bench) trial(t *testing.T, what string, settings tuner.ContainerSettings) (pass, known bool) {
	t.Helper()
	o, err := b.runner.RunTrial(t.Context(), tuner.Step{Purpose: tuner.Probe, Settings: tuner.Settings{settings}, Scenario: b.probe, Fresh: true, Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	pass, known, why := judge.Judge(b.slos, o)
	t.Logf("%s, %v CPU and %v memory: pass %v, known %v %s", what, settings.CPULimit, settings.MemoryLimit, pass, known, why)
	return pass, known
}

// mostDoubtful is how many trials may say nothing.
const mostDoubtful = 4

// passes fails the test unless the limits are enough: as many trials as agree pass, and none fails.
func (b *bench) passes(t *testing.T, what string, settings tuner.ContainerSettings) {
	t.Helper()
	if enough, known := b.enough(t, what, settings); known && !enough {
		t.Errorf("%s: not enough", what)
	}
}

// fails fails the test unless the limits are too low: one of as many trials as agree fails.
func (b *bench) fails(t *testing.T, what string, settings tuner.ContainerSettings) {
	t.Helper()
	if enough, known := b.enough(t, what, settings); known && enough {
		t.Errorf("%s: still enough, so that what was derived is too much", what)
	}
}

// enough runs trials until as many as agree have passed, or one has failed. Where too many can't be judged it fails the
// test, and known is false.
func (b *bench) enough(t *testing.T, what string, settings tuner.ContainerSettings) (enough, known bool) {
	t.Helper()
	for passed, doubtful := 0, 0; passed < agree; {
		pass, known := b.trial(t, what, settings)
		switch {
		case known && pass:
			passed++
		case known:
			return false, true
		case doubtful == mostDoubtful:
			t.Errorf("%s: trials can't be judged", what)
			return false, false
		default:
			doubtful++
		}
	}
	return true, true
}
