package local

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/plimsoll/plimsoll/scenarios"
)

// The test binary runs itself as a container, or as another Plimsoll, where role is set in its environment. So the
// tests need no other program but the demo service.
const roleVariable = "PLIMSOLL_TEST_ROLE"

// played ends what plays a role, with its exit code.
func play(role string) int {
	roles := map[string]func() int{
		"wait":     wait,
		"crash":    crash,
		"eat":      eat,
		"graceful": graceful,
		"stubborn": stubborn,
		"sick":     sick,
		"run":      runWorkload,
	}
	return roles[role]()
}

// as is a workload of one container that plays role.
func as(role string) scenarios.File {
	file := demo()
	c := &file.Workload.Containers[0]
	c.Command = []string{os.Args[0]}
	c.Env = []scenarios.Variable{{Name: roleVariable, Value: scenarios.NewSecret(role)}}
	return file
}

// wait does nothing until it is asked to stop.
func wait() int {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	<-terminated
	return 0
}

// crash writes more lines than are kept, one of them long, and fails.
func crash() int {
	for i := range 30 {
		fmt.Println("line", i)
	}
	fmt.Println(strings.Repeat("x", 100_000))
	fmt.Fprintln(os.Stderr, "the password is hunter22")
	return 3
}

// eat takes memory without end before it listens.
func eat() int {
	var all [][]byte
	for {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += os.Getpagesize() {
			block[i] = 1
		}
		all = append(all, block)
		if len(all) > 512 {
			return 0 // no limit held it
		}
	}
}

// graceful is Ready once it would notice being asked to stop, and then leaves a file behind.
func graceful() int {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go serve(func(http.ResponseWriter, *http.Request) {})
	<-terminated
	if err := os.WriteFile(os.Getenv("MARK"), []byte("stopped\n"), 0o600); err != nil {
		return 1
	}
	return 0
}

// stubborn listens, so that it is Ready once it ignores SIGTERM.
func stubborn() int {
	signal.Ignore(syscall.SIGTERM)
	return serve(func(http.ResponseWriter, *http.Request) {})
}

// sick is Ready at first and fails every probe after that.
func sick() int {
	var asked atomic.Int64
	return serve(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) > 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
}

func serve(handle http.HandlerFunc) int {
	fmt.Println(http.ListenAndServe(net.JoinHostPort(host, os.Getenv("PORT")), handle))
	return 1
}

// runWorkload is a Plimsoll of its own: it runs the demo service with a child process, tells the cgroups it made, and
// waits to be killed.
func runWorkload() int {
	os.Unsetenv(roleVariable)
	l, err := New(demo("-child", "1MiB"), Options{})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	ctx := context.Background()
	if _, err = l.Apply(ctx, limits(500, 256*scenarios.MiB), true); err == nil {
		_, _, err = l.AwaitReady(ctx)
	}
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println(strings.Join(l.tree.made(), " "))
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // a pipe that nobody writes to
	return 0
}
