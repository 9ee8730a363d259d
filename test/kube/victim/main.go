// Command victim is a service for tests of what kills containers and what keeps them from becoming ready. Its flags set
// what it does by itself, its endpoints what a hit makes it do:
//
//	/            answers "ok"; with ?cpu=10ms it uses so much CPU first, with ?hold=1 it takes 1 MiB for the time of the hit
//	/ready       503 until -ready-after has passed; for ever with -never-ready
//	/alive       503 once -die-after has passed: a liveness probe then kills the container
//	/eat?mib=64  takes memory and keeps it
//	/child?mib=64  a child process takes memory; the child, not process 1, is what the kernel kills
//	/crash       ends the process with exit code 3
//	/metrics     hits_per_second over the last 10 s
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", ":8080", "address to serve on")
	flag.IntVar(&o.startMiB, "start-mib", 0, "memory to take before serving")
	flag.IntVar(&o.leakKiB, "leak-kib", 0, "memory to keep for every hit")
	flag.Float64Var(&o.leakMiBps, "leak-mib-per-second", 0, "memory to take each second, hits or not")
	flag.DurationVar(&o.readyAfter, "ready-after", 0, "how long /ready answers 503")
	flag.BoolVar(&o.neverReady, "never-ready", false, "/ready answers 503 for ever")
	flag.DurationVar(&o.dieAfter, "die-after", 0, "after this long /alive answers 503; 0 is never")
	flag.DurationVar(&o.crashAfter, "crash-after", 0, "after this long the process ends with exit code 3; 0 is never")
	flag.IntVar(&o.childMiB, "child-mib", 0, "be a child that takes this much memory and ends")
	flag.Parse()
	if o.childMiB > 0 {
		take(o.childMiB << 20)
		time.Sleep(time.Second)
		return
	}
	v := &victim{options: o, began: time.Now()}
	v.keep(o.startMiB << 20)
	if o.crashAfter > 0 {
		time.AfterFunc(o.crashAfter, crash)
	}
	go v.leak()
	server := http.Server{Addr: o.listen, Handler: v.handler(), ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, "victim:", server.ListenAndServe())
	os.Exit(1)
}

// options are the flags.
type options struct {
	listen                           string
	startMiB, leakKiB, childMiB      int
	leakMiBps                        float64
	readyAfter, dieAfter, crashAfter time.Duration
	neverReady                       bool
}

// victim is the running service.
type victim struct {
	options
	began time.Time

	mu   sync.Mutex
	kept [][]byte
	// hits of each of the last seconds, by the second modulo its length; second says which one an entry is of.
	hits   [16]int
	second [16]int64
}

func (v *victim) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", v.hit)
	mux.HandleFunc("/ready", v.probe(func() bool { return !v.neverReady && time.Since(v.began) >= v.readyAfter }))
	mux.HandleFunc("/alive", v.probe(func() bool { return v.dieAfter == 0 || time.Since(v.began) < v.dieAfter }))
	mux.HandleFunc("/eat", func(w http.ResponseWriter, r *http.Request) {
		v.keep(number(r, "mib") << 20)
		fmt.Fprintln(w, "eaten")
	})
	mux.HandleFunc("/child", child)
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { crash() })
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE hits_per_second gauge\nhits_per_second %g\n", v.rate(time.Now().Unix()))
	})
	return mux
}

// hit counts, burns and holds.
func (v *victim) hit(w http.ResponseWriter, r *http.Request) {
	v.count(time.Now().Unix())
	if cpu, err := time.ParseDuration(r.URL.Query().Get("cpu")); err == nil {
		for end := time.Now().Add(cpu); time.Now().Before(end); {
		}
	}
	held := take(number(r, "hold") << 20)
	v.keep(v.leakKiB << 10)
	fmt.Fprintln(w, "ok")
	runtime.KeepAlive(held)
}

func (v *victim) probe(good func() bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !good() {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// child starts a child that takes memory, and says how it ended.
func child(w http.ResponseWriter, r *http.Request) {
	self, err := os.Executable()
	if err == nil {
		err = exec.CommandContext(r.Context(), self, "-child-mib", strconv.Itoa(number(r, "mib"))).Run()
	}
	fmt.Fprintln(w, "child:", err)
}

// leak takes memory each tenth of a second.
func (v *victim) leak() {
	if v.leakMiBps <= 0 {
		return
	}
	for range time.Tick(100 * time.Millisecond) {
		v.keep(int(v.leakMiBps * (1 << 20) / 10))
	}
}

func (v *victim) keep(bytes int) {
	if bytes <= 0 {
		return
	}
	taken := take(bytes)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.kept = append(v.kept, taken)
}

func (v *victim) count(second int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := second % int64(len(v.hits))
	if v.second[i] != second {
		v.second[i], v.hits[i] = second, 0
	}
	v.hits[i]++
}

// rate is the hits of the 10 whole seconds before now, per second.
func (v *victim) rate(now int64) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	sum := 0
	for i, second := range v.second {
		if second >= now-10 && second < now {
			sum += v.hits[i]
		}
	}
	return float64(sum) / 10
}

// take allocates and touches every page, so that the kernel counts them.
func take(bytes int) []byte {
	taken := make([]byte, max(0, bytes))
	for i := 0; i < len(taken); i += 4096 {
		taken[i] = 1
	}
	return taken
}

// number is a query parameter as a count, 0 where it is missing.
func number(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		return 0
	}
	return n
}

func crash() { os.Exit(3) }
