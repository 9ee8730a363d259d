//go:build linux

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity of everything signed. A cluster lives for minutes; a day leaves room for a wrong clock.
const validity = 30 * 24 * time.Hour

// authority signs the cluster's certificates.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

// identity is what a certificate says: a user and its group for a client, addresses for a server.
type identity struct {
	user, group string
	addresses   []string
	names       []string
}

// newAuthority makes the folder with ca.crt, and sa.key and sa.pub for the tokens of service accounts.
func newAuthority(dir string) (authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return authority{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "plimsoll-test-ca"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return authority{}, err
	}
	a := authority{dir: dir, cert: cert, key: key}
	if err := writePEM(a.path("ca.crt"), "CERTIFICATE", der); err != nil {
		return authority{}, err
	}
	accounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	return a, writeKey(a.path("sa.key"), accounts)
}

func (a authority) path(name string) string { return filepath.Join(a.dir, name) }

// sign writes NAME.crt and NAME.key.
func (a authority) sign(name string, who identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: who.user, Organization: []string{who.group}},
		NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:    who.names,
	}
	for _, address := range who.addresses {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("signing %s: %w", name, err)
	}
	if err := writePEM(a.path(name+".crt"), "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(a.path(name+".key"), key)
}

// writeKey writes a private key; the API server takes the public half out of it.
func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// secure makes the certificates and kubeconfigs of every part of the cluster.
func secure(p plan) error {
	a, err := newAuthority(p.file("pki"))
	if err != nil {
		return fmt.Errorf("making the certificates: %w", err)
	}
	servers := []string{"127.0.0.1", p.node(), p.address(2, 1)}
	for name, who := range map[string]identity{
		"apiserver": {user: "kube-apiserver", group: "cluster", addresses: servers,
			names: []string{"localhost", "kubernetes.default.svc"}},
		"kubelet-client": {user: "kube-apiserver-kubelet", group: "system:masters"},
		"front":          {user: "front-proxy-client", group: "cluster"},
		"webhook":        {user: "vpa-webhook", group: "cluster", addresses: []string{p.node()}},
		"admin":          {user: "admin", group: "system:masters"},
		"controllers":    {user: "system:kube-controller-manager", group: "system:kube-controller-manager"},
		"scheduler":      {user: "system:kube-scheduler", group: "system:kube-scheduler"},
		"proxy":          {user: "system:kube-proxy", group: "system:node-proxier"},
		"kubelet": {user: "system:node:" + p.Name, group: "system:nodes", addresses: []string{p.node()},
			names: []string{p.Name}},
	} {
		if err := a.sign(name, who); err != nil {
			return err
		}
	}
	for _, user := range []string{"admin", "controllers", "scheduler", "proxy", "kubelet"} {
		if err := a.kubeconfig(p, user); err != nil {
			return err
		}
	}
	return nil
}
