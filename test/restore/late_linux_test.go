package restore

import (
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// lateAutoscaler: the controller of an HPA that had lost sight of the API server sets the replicas of the search once
// more, after the HPA and the replicas were put back and while the Pods become the old ones.
func lateAutoscaler(t *testing.T, s *stage, p program) {
	text, err := os.ReadFile(s.file("scenarios.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	pinned := strings.Replace(string(text), "replicas: 1", "replicas: 2", 1)
	if err := os.WriteFile(s.file("scenarios.yaml"), []byte(pinned), 0o600); err != nil {
		t.Fatal(err)
	}
	scales := make(chan error, 1)
	late := sync.OnceFunc(func() {
		_, err := s.typed.AppsV1().Deployments(s.namespace).Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"replicas":2}}`),
			metav1.PatchOptions{FieldManager: "kube-controller-manager"}, "scale")
		scales <- err
		s.player.release(s.namespace)
	})
	var mu sync.Mutex
	ending, letGo := false, false
	s.proxy.listen(func(method, path string) {
		mu.Lock()
		letGo = letGo || ending && method == "PATCH" && strings.HasSuffix(path, "/horizontalpodautoscalers/web")
		looked := letGo && method == "GET" && strings.HasSuffix(path, "/deployments/web")
		mu.Unlock()
		if looked {
			late()
		}
	})
	code, said, err := s.stopAt(t.Context(), p, afterTrial+1, func(r *run) {
		s.player.hold(s.namespace)
		mu.Lock()
		ending = true
		mu.Unlock()
		_ = r.Process.Signal(syscall.SIGINT) // fails only where it has ended
	})
	s.proxy.listen(nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	select {
	case err := <-scales:
		if err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("nothing looked at the replicas after the HPA was let go:\n%s", said)
	}
	if e, err := s.ending(t.Context(), code, said, s.before); err != nil || !e.clean() {
		t.Errorf("exit code %d, %v\n%s\nit said:\n%s", code, err, strings.Join(e.wrong, "\n"), said)
	}
}
