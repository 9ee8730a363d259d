//go:build linux

package main

// component is a program of the cluster's own, outside Pods.
type component struct {
	name string
	// command is the program's path and its arguments.
	command []string
	// early starts before the API server answers.
	early bool
}

// components of a cluster, in the order they start.
func (p plan) components(self string) []component {
	return append(p.controlPlane(), append(p.nodePrograms(), p.addOns(self)...)...)
}

func (p plan) controlPlane() []component {
	return []component{
		{name: "containerd", early: true, command: []string{p.program("containerd", "containerd"), "-c", p.file("containerd.toml")}},
		{name: "etcd", early: true, command: []string{p.program("kubernetes", "etcd"), "--data-dir", p.file("etcd"), "--unsafe-no-fsync"}},
		{name: "kube-apiserver", early: true, command: []string{p.program("kubernetes", "kube-apiserver"),
			"--etcd-servers", "http://127.0.0.1:2379", "--service-cluster-ip-range", p.services(),
			"--advertise-address", p.node(), "--authorization-mode", "Node,RBAC", "--allow-privileged",
			"--tls-cert-file", p.file("pki/apiserver.crt"), "--tls-private-key-file", p.file("pki/apiserver.key"),
			"--client-ca-file", p.file("pki/ca.crt"), "--cert-dir", p.file("apiserver"),
			"--kubelet-client-certificate", p.file("pki/kubelet-client.crt"), "--kubelet-client-key", p.file("pki/kubelet-client.key"),
			"--kubelet-certificate-authority", p.file("pki/ca.crt"), "--kubelet-preferred-address-types", "InternalIP",
			"--service-account-key-file", p.file("pki/sa.key"), "--service-account-signing-key-file", p.file("pki/sa.key"),
			"--service-account-issuer", "https://kubernetes.default.svc",
			"--requestheader-client-ca-file", p.file("pki/ca.crt"), "--requestheader-allowed-names", "front-proxy-client",
			"--requestheader-username-headers", "X-Remote-User", "--requestheader-group-headers", "X-Remote-Group",
			"--requestheader-extra-headers-prefix", "X-Remote-Extra-",
			"--proxy-client-cert-file", p.file("pki/front.crt"), "--proxy-client-key-file", p.file("pki/front.key"),
			"--enable-aggregator-routing=true"}},
		{name: "kube-controller-manager", command: []string{p.program("kubernetes", "kube-controller-manager"),
			"--kubeconfig", p.file("controllers.conf"), "--root-ca-file", p.file("pki/ca.crt"),
			"--service-account-private-key-file", p.file("pki/sa.key"), "--use-service-account-credentials", "--leader-elect=false",
			"--cert-dir", p.file("controllers")}},
		{name: "kube-scheduler", command: []string{p.program("kubernetes", "kube-scheduler"),
			"--kubeconfig", p.file("scheduler.conf"), "--leader-elect=false", "--cert-dir", p.file("scheduler")}},
	}
}

func (p plan) nodePrograms() []component {
	return []component{
		{name: "kubelet", command: []string{p.program("kubernetes", "kubelet"), "--kubeconfig", p.file("kubelet.conf"),
			"--config", p.file("kubelet.yaml"), "--hostname-override", p.Name, "--node-ip", p.node()}},
		{name: "kube-proxy", command: []string{p.program("kubernetes", "kube-proxy"), "--kubeconfig", p.file("proxy.conf"),
			"--cluster-cidr", p.pods(), "--hostname-override", p.Name,
			// The connection tracker's size is the machine's; a namespace may not set it.
			"--conntrack-max-per-core", "0", "--conntrack-tcp-timeout-established", "0", "--conntrack-tcp-timeout-close-wait", "0"}},
	}
}

// addOns: the intervals of the VPA are a quarter of the defaults, so that a test need not wait for minutes.
func (p plan) addOns(self string) []component {
	admin := p.file("admin.conf")
	return []component{
		// Its resolution must exceed its timeout for a kubelet.
		{name: "metrics-server", command: []string{p.program("metrics-server", "metrics-server"), "--kubeconfig", admin,
			"--authentication-kubeconfig", admin, "--authorization-kubeconfig", admin, "--secure-port", "4443",
			"--cert-dir", p.file("metrics-server"), "--kubelet-insecure-tls", "--metric-resolution", "15s",
			"--kubelet-request-timeout", "5s", "--kubelet-preferred-address-types", "InternalIP"}},
		{name: "custom-metrics", command: []string{self, "custom-metrics"}},
		{name: "vpa-recommender", command: []string{p.program("vpa", "recommender"), "--kubeconfig", admin, "--recommender-interval=15s"}},
		{name: "vpa-updater", command: []string{p.program("vpa", "updater"), "--kubeconfig", admin, "--updater-interval=15s",
			"--use-admission-controller-status=false"}},
		{name: "vpa-admission-controller", command: []string{p.program("vpa", "admission-controller"), "--kubeconfig", admin,
			"--client-ca-file", p.file("pki/ca.crt"), "--tls-cert-file", p.file("pki/webhook.crt"), "--tls-private-key", p.file("pki/webhook.key"),
			"--register-webhook", "--register-by-url", "--webhook-address", "https://" + p.node(), "--webhook-port", "8000", "--port", "8000"}},
	}
}
