package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/cluster"
)

// place is a namespace of its own in a real cluster, for one test.
type place struct {
	*cluster.Client
	// image holds the plimsoll of version; demo is the image of the demo service.
	image, version, demo string
}

// newPlace makes one in the cluster that the environment names, and deletes it when the test ends.
func newPlace(t *testing.T, labels map[string]string) place {
	t.Helper()
	kubeconfig := os.Getenv("PLIMSOLL_TEST_KUBECONFIG")
	if kubeconfig == "" {
		t.Skip("no cluster: PLIMSOLL_TEST_KUBECONFIG is not set")
	}
	flags := cluster.Flags()
	flags.KubeConfig = &kubeconfig
	client, err := cluster.New(flags)
	if err != nil {
		t.Fatal(err)
	}
	name := "e2e-" + strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())) + fmt.Sprint(time.Now().UnixNano()%1e6)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name[:min(len(name), 63)], Labels: labels}}
	if _, err := client.Typed.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Typed.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{})
	})
	client.Namespace = namespace.Name
	return place{
		Client: client, image: os.Getenv("PLIMSOLL_TEST_IMAGE"), version: os.Getenv("PLIMSOLL_TEST_VERSION"),
		demo: os.Getenv("PLIMSOLL_TEST_DEMO_IMAGE"),
	}
}

// eventually waits until is true, looking often.
func eventually(t *testing.T, within time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, within)
		}
	}
}
