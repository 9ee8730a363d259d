package loadgen

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/plimsoll/plimsoll/scenarios"
)

// newTLSConfig is how connections for t are secured; protocols are offered in the handshake (ALPN).
// The errors are for files that can't be read or hold no certificate or key.
func newTLSConfig(t scenarios.Traffic, protocols ...string) (*tls.Config, error) {
	config := &tls.Config{
		ServerName:         t.TLS.ServerName,
		InsecureSkipVerify: t.TLS.SkipVerify, // the scenario file asks for it, and every report says so
		NextProtos:         protocols,
		MinVersion:         tls.VersionTLS12,
	}
	if config.ServerName == "" {
		u, err := url.Parse(t.URL)
		if err != nil {
			return nil, err
		}
		config.ServerName = u.Hostname()
	}
	if t.TLS.CAFile != "" {
		pem, err := os.ReadFile(t.TLS.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the CA certificates: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", t.TLS.CAFile)
		}
	}
	switch {
	case t.TLS.CertFile == "" && t.TLS.KeyFile == "":
		return config, nil
	case t.TLS.CertFile == "" || t.TLS.KeyFile == "":
		return nil, errors.New("a client certificate needs both cert_file and key_file")
	}
	certificate, err := tls.LoadX509KeyPair(t.TLS.CertFile, t.TLS.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the client certificate: %w", err)
	}
	config.Certificates = []tls.Certificate{certificate}
	return config, nil
}

// tlsError is a failed handshake.
type tlsError struct{ err error }

func (e *tlsError) Error() string { return "TLS handshake: " + e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }
