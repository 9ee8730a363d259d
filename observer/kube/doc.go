// Package kube reads what containers in a cluster use and what ends them: the statuses of Pods folded into ends, each
// once; a kubelet's cAdvisor metrics, a Prometheus server or the metrics API folded into samples with the times at which
// they were taken. Fetching and decoding are apart; nothing here changes a cluster.
package kube
