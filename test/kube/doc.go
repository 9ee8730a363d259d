// Package kube gives tests a real Kubernetes cluster: one that the command test/kube/cluster starts on this machine (its
// manual says what it is made of), or one that the environment names.
//
// A test package declares one Shared, closes it in TestMain, and asks it in every test:
//
//	var shared kube.Shared
//
//	func TestMain(m *testing.M) { code := m.Run(); shared.Close(); os.Exit(code) }
//
//	func TestSomething(t *testing.T) {
//		c := shared.Start(t)         // skips, and says why, where no cluster can run
//		ns := c.Namespace(t, nil)    // gone after the test
//		c.Victim(t)                  // the image kube.VictimImage
//		c.Apply(t, ns, manifest)
//		c.Kubectl(t, "-n", ns, "rollout", "status", "deploy/web", "--timeout=60s")
//	}
//
// The cluster ends with the test program, also when that is killed. The machine has a route to the node, to Pods and to
// Services, so that the test itself, and any program it starts, reaches them; there is no DNS and no way out.
//
// # The environment
//
//	PLIMSOLL_CLUSTER=NAME     the cluster that `make cluster` started and named: nothing is started, so a test begins at once
//	PLIMSOLL_KUBECONFIG=FILE  the cluster of that file, with all that this takes: tests make namespaces and workloads in it
//	PLIMSOLL_LOAD="COMMAND"   how that cluster gets an image: the command and an archive, such as "kind load image-archive"
//
// # By hand
//
//	make cluster         # prints the KUBECONFIG to use
//	make cluster-down    # leaves nothing behind, also after a kill -9
//
// # Played controllers
//
// The CRDs of KEDA and Argo Rollouts are the released ones; their controllers are played by PlayRollouts and PlayKEDA,
// which do the part that a tuning run meets.
package kube
