// Package restore proves that plimsoll puts back what it changed in a cluster, whatever happens to it on the way.
//
// It starts a real etcd, kube-apiserver and the controllers that make Pods, on loopback; plays scheduler and kubelet
// (every Pod is Ready at once), the controllers of KEDA and Argo Rollouts, a Prometheus and the service that takes the
// load; and runs plimsoll through a proxy that numbers its mutating calls. A case is a search to which something is done
// at one of those calls: SIGKILL before it or after it is committed, a refusal, a lost reply, a foreign edit. Afterwards
// the whole namespace has to be what it was before, in every object: see snapshot. Where the search was killed or gave
// up, `plimsoll restore` or the next search has to get there.
//
// `make restore` plays every case, `make test` a random sample. The harness is tested by programs that play plimsoll and
// do it wrong, each in another way; it has to find every one.
package restore
