// Package glance reads the workloads of a namespace or of a whole cluster for a scan: Pods from the API server, usage from
// metrics-server, throttling from the kubelets. It only reads.
package glance
