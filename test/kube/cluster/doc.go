// Command cluster builds, starts and ends a real single-node Kubernetes on this machine: etcd, kube-apiserver,
// controller manager, scheduler, kubelet, kube-proxy, containerd, runc, metrics-server, the VPA's three parts and an
// adapter of custom metrics, each the released program built from its Go module.
//
//	cluster build             builds what is not in the cache: 8 minutes on two cores the first time
//	cluster up   [-name N]    starts one that stays until `cluster down`, and says how to use it
//	cluster down [-name N]    ends it and removes what is left of it, also after a kill -9
//	cluster keep [-name N]    starts one that ends when standard input does; prints its description as one line of JSON
//
// # What holds it together
//
// `cluster keep` is the keeper: it stays on the machine's side, holds a lock on the cluster's folder, and starts
// `cluster init` in new PID, mount, network, IPC and UTS namespaces. Init is process 1 there; every other process,
// containers included, is its descendant, so that they all end with it, and with them the mounts and the network. Init
// dies with the keeper. What can outlive the two is the folder and the empty cgroups; `down` and the next start remove
// both.
//
// # What keeps two of them apart
//
// The name gives the folder (in the temporary directory) and the cgroup (at the root of every hierarchy). Addresses come
// from 198.18.0.0/15, which RFC 2544 sets apart for measurements: each cluster takes a /22 of it, the first that no
// other holds; the name of its link on the machine's side is the claim. The machine has a route to the node, the Pods and the
// Services; there is no way from the cluster to anywhere else.
package main
