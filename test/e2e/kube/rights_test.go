package kube

import (
	"context"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/cluster/preflight"
)

// grant makes a user who has the ClusterRoles of those modes in a namespace, from deploy/rbac.yaml, and nothing else; called
// again it adds those of further modes.
func grant(t *testing.T, c kubernetes.Interface, namespace string, modes ...preflight.Mode) (user string) {
	t.Helper()
	makeRoles(t, c, namespace)
	user = "perf-" + namespace
	subject := rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}
	for _, m := range modes {
		role := "plimsoll-" + string(m)
		if m == preflight.Nodes { // of the whole cluster
			bindEverywhere(t, c, namespace, role, subject)
			continue
		}
		_, err := c.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "perf-" + string(m)}, Subjects: []rbacv1.Subject{subject}, RoleRef: roleOf(namespace, role),
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	return user
}

// grantReader makes the ServiceAccount that reads the kubelets, with its right where allowed is true.
func grantReader(t *testing.T, c kubernetes.Interface, namespace string, allowed bool) {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: cluster.ReaderAccount}}
	if _, err := c.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if allowed {
		bindEverywhere(t, c, namespace, "plimsoll-kubelets", rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: account.Name, Namespace: namespace})
	}
}

// makeRoles makes those of deploy/rbac.yaml under names of the namespace's own, since tests may run side by side.
func makeRoles(t *testing.T, c kubernetes.Interface, namespace string) {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range strings.Split(string(text), "\n---\n") {
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict([]byte(document), &role); err != nil {
			t.Fatal(err)
		}
		role.Name = roleOf(namespace, role.Name).Name
		if _, err := c.RbacV1().ClusterRoles().Create(t.Context(), &role, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.RbacV1().ClusterRoles().Delete(context.Background(), role.Name, metav1.DeleteOptions{})
		})
	}
}

func roleOf(namespace, role string) rbacv1.RoleRef {
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role + "-" + namespace}
}

func bindEverywhere(t *testing.T, c kubernetes.Interface, namespace, role string, subject rbacv1.Subject) {
	t.Helper()
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role + "-" + namespace}, Subjects: []rbacv1.Subject{subject}, RoleRef: roleOf(namespace, role),
	}
	if _, err := c.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.RbacV1().ClusterRoleBindings().Delete(context.Background(), binding.Name, metav1.DeleteOptions{})
	})
}
