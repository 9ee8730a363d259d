package restore

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// proxy stands between the program under test and the API server. It numbers the mutating calls and does to them what
// the fault says.
type proxy struct {
	*httptest.Server
	forward *httputil.ReverseProxy
	outage  *outage

	mu    sync.Mutex
	fault fault
	// act kills the program, or makes the foreign edit; it returns when that is done.
	act func()
	// served is told of every call without damage, reads too but no watches, before its reply is written; nil: nobody is.
	served func(method, path string)
	// calls are the mutating calls since the fault was set, in the order they came; latest is when the last came.
	calls  []string
	latest time.Time
}

// awayFor is how long the API server is away.
const awayFor = 2 * time.Second

// newProxy starts one in front of the API server that config reaches. It ends with the test.
func newProxy(t *testing.T, config *rest.Config) *proxy {
	t.Helper()
	transport, err := rest.TransportFor(&rest.Config{TLSClientConfig: config.TLSClientConfig})
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{outage: &outage{open: map[net.Conn]bool{}}}
	p.forward = &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, ErrorLog: discard,
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { hangUp(w) }}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Config.ErrorLog = discard
	p.Listener = &flakyListener{Listener: p.Listener, outage: p.outage}
	p.StartTLS()
	t.Cleanup(func() { p.CloseClientConnections(); p.Close() })
	return p
}

// authority is the certificate that a client has to trust, in PEM and base64.
func (p *proxy) authority() string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}))
}

// set begins to count anew, with another fault.
func (p *proxy) set(f fault, act func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.act, p.calls = f, act, nil
}

// seen are the mutating calls since the fault was set.
func (p *proxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.calls...)
}

// ended is when the last mutating call came.
func (p *proxy) ended() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest
}

// next numbers a mutating call and says what happens to it.
func (p *proxy) next(r *http.Request) (damage, func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.latest = append(p.calls, r.Method+" "+r.URL.Path), time.Now()
	if !p.fault.hits(len(p.calls)) {
		return none, nil
	}
	return p.fault.damage, p.act
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	damage, act := none, func() {}
	if mutating(r.Method, r.URL.Path, r.URL.RawQuery) {
		damage, act = p.next(r)
	}
	switch damage {
	case none:
		p.pass(w, r)
	case killBefore:
		act()
		hangUp(w)
	case reset:
		hangUp(w)
	case killAfter:
		p.commit(r)
		act()
		hangUp(w)
	case lost:
		p.commit(r)
		hangUp(w)
	case away:
		p.outage.begin(awayFor)
		hangUp(w)
	case foreign, interrupted:
		reply := p.commit(r)
		act()
		reply.write(w)
	default:
		answer(w, damage)
	}
}

// listen has served told of the calls from now on.
func (p *proxy) listen(served func(method, path string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.served = served
}

// pass forwards a call.
func (p *proxy) pass(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	served := p.served
	p.mu.Unlock()
	if served == nil || r.URL.Query().Has("watch") {
		p.forward.ServeHTTP(w, r)
		return
	}
	reply := p.commit(r)
	served(r.Method, r.URL.Path)
	reply.write(w)
}

// commit has the API server do the call, and keeps the reply back.
func (p *proxy) commit(r *http.Request) *kept {
	k := &kept{header: http.Header{}, code: http.StatusOK}
	p.forward.ServeHTTP(k, r)
	return k
}

// kept is a reply that is kept back.
type kept struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(code int)        { k.code = code }
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }

func (k *kept) write(w http.ResponseWriter) {
	for name, values := range k.header {
		w.Header()[name] = values
	}
	w.WriteHeader(k.code)
	_, _ = io.Copy(w, &k.body) // fails only where the client has gone
}

// answer replies as the API server does for that damage.
func answer(w http.ResponseWriter, d damage) {
	reply := replies[d]
	w.Header().Set("Content-Type", "application/json")
	if d == throttled {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(reply.code)
	status := metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
		Code: int32(reply.code), Reason: metav1.StatusReason(reply.reason), Message: "made up by the test: " + string(d)}
	_ = json.NewEncoder(w).Encode(status) // fails only where the client has gone
}

// hangUp resets the connection.
func hangUp(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler) // a reply that is kept back: its reader hangs up
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	resetConn(conn)
}
