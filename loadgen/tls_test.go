package loadgen

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// secureServer serves HTTPS, HTTP/2 included, with a certificate for example.com and 127.0.0.1.
func secureServer(t *testing.T, configure func(*tls.Config), handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet()
	server.TLS = &tls.Config{}
	if configure != nil {
		configure(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// writePEM writes the certificate of server, and its key, and returns where they are.
func writePEM(t *testing.T, server *httptest.Server) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	key, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: server.Certificate().Raw},
		keyFile:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// securePlan trusts server's certificate.
func securePlan(t *testing.T, server *httptest.Server, protocol scenarios.Protocol) Plan {
	plan := planFor(server.URL, 100, 200*time.Millisecond)
	plan.Traffic.Protocol = protocol
	plan.Traffic.TLS.CAFile, _ = writePEM(t, server)
	return plan
}

var secureProtocols = []scenarios.Protocol{scenarios.HTTP1, scenarios.HTTP2}

func TestTLS(t *testing.T) {
	for _, protocol := range secureProtocols {
		t.Run(string(protocol), func(t *testing.T) {
			checkLeaks(t)
			var wrong atomic.Value
			server := secureServer(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, func(w http.ResponseWriter, r *http.Request) {
				if strings.ToLower(r.Proto[:6]) != string(protocol)[:6] || r.TLS.ServerName != "example.com" || len(r.TLS.PeerCertificates) != 1 {
					wrong.Store(fmt.Sprintf("%s to %q with %d certificates", r.Proto, r.TLS.ServerName, len(r.TLS.PeerCertificates)))
				}
			})
			plan := securePlan(t, server, protocol)
			plan.Traffic.TLS.ServerName = "example.com"
			plan.Traffic.TLS.CertFile, plan.Traffic.TLS.KeyFile = writePEM(t, server)
			wantAll(t, plan, OK, "")
			if got := wrong.Load(); got != nil {
				t.Errorf("the server got %v", got)
			}
		})
	}
}

func TestTLSFailures(t *testing.T) {
	for _, protocol := range secureProtocols {
		for name, test := range map[string]struct {
			change func(*Plan)
			says   string
		}{
			"unknown authority": {func(p *Plan) { p.Traffic.TLS.CAFile = "" }, "unknown authority"},
			"another name":      {func(p *Plan) { p.Traffic.TLS.ServerName = "another.test" }, "another.test"},
		} {
			t.Run(string(protocol)+" "+name, func(t *testing.T) {
				checkLeaks(t)
				server := secureServer(t, nil, func(http.ResponseWriter, *http.Request) {})
				plan := securePlan(t, server, protocol)
				test.change(&plan)
				wantAll(t, plan, TLSFailure, test.says)
			})
		}
		t.Run(string(protocol)+" to a server without TLS", func(t *testing.T) {
			checkLeaks(t)
			plan := planFor(rawServer(t, func(conn net.Conn) { conn.Write([]byte("220 mail ready\r\n")); silent(conn) }), 100, 100*time.Millisecond)
			plan.Traffic.URL = strings.Replace(plan.Traffic.URL, "http:", "https:", 1)
			plan.Traffic.Protocol = protocol
			wantAll(t, plan, TLSFailure, "TLS")
		})
	}
}

func TestSkipVerify(t *testing.T) {
	checkLeaks(t)
	server := secureServer(t, nil, func(http.ResponseWriter, *http.Request) {})
	plan := securePlan(t, server, scenarios.HTTP1)
	plan.Traffic.TLS = scenarios.TLS{SkipVerify: true}
	wantAll(t, plan, OK, "")
}

func TestBadTLSFiles(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for says, settings := range map[string]scenarios.TLS{
		"no certificate":             {CAFile: empty},
		"reading the CA":             {CAFile: empty + ".not"},
		"both cert_file and key":     {CertFile: empty},
		"reading the client certifi": {CertFile: empty, KeyFile: empty},
	} {
		plan := planFor("https://127.0.0.1:1/", 1, time.Second)
		plan.Traffic.TLS = settings
		if _, err := Run(t.Context(), plan); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want it to say %q", err, says)
		}
	}
}
