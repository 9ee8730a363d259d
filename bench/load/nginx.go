package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// nginxSettings are complete; %[1]s is a folder of its own, %[2]s the address.
const nginxSettings = `daemon off;
worker_processes 1;
pid %[1]s/pid;
error_log stderr crit;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  server {
    listen %[2]s backlog=16384;
    location / { return 200 "the quick brown fox jumps over the lazy dog\n"; }
  }
}
`

// server is a running nginx.
type server struct {
	url string
	cmd *exec.Cmd
	dir string
}

// startNginx starts nginx on a free port of loopback and returns when it accepts.
func startNginx(ctx context.Context) (*server, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // where Debian has it, which is not on every user's path
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-load-nginx-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for nginx: %w", err)
	}
	settings := fmt.Sprintf(nginxSettings, dir, address)
	fmt.Printf("nginx settings:\n%s\n", settings)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return nil, fmt.Errorf("write the settings of nginx: %w", err)
	}
	s := &server{url: "http://" + address + "/", dir: dir, cmd: exec.Command(program, "-p", dir, "-c", file)}
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("start nginx: %w", err)
	}
	if err := awaitAccept(ctx, address); err != nil {
		s.stop()
		return nil, fmt.Errorf("nginx: %w", err)
	}
	return s, nil
}

// stop ends nginx and waits for it.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = s.cmd.Wait()
	os.RemoveAll(s.dir)
}

// freeAddress is an address of loopback that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// awaitAccept returns when address accepts connections; the error is for one that does not within 5 s.
func awaitAccept(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
