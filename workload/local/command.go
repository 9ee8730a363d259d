package local

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
)

// placeholder is ${NAME} in a command.
var placeholder = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// command makes the process of c, not yet started, that is to serve on port.
func command(c scenarios.Container, port int) (*exec.Cmd, error) {
	env := append(os.Environ(), "PORT="+strconv.Itoa(port))
	for _, v := range c.Env {
		env = append(env, v.Name+"="+v.Value.Reveal())
	}
	var errs []error
	words := make([]string, len(c.Command))
	for i, word := range c.Command {
		words[i] = placeholder.ReplaceAllStringFunc(word, func(match string) string {
			value, known := lookup(env, match[2:len(match)-1])
			if !known {
				errs = append(errs, fmt.Errorf("container %s: command: %s is not set in the environment", c.Name, match))
			}
			return value
		})
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("container %s: no command", c.Name)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = c.Directory, env
	if errors.Is(cmd.Err, exec.ErrNotFound) {
		errs = append(errs, fmt.Errorf("container %s: %w", c.Name, cmd.Err))
	}
	return cmd, errors.Join(errs...)
}

// lookup finds the last setting of name, as exec does.
func lookup(env []string, name string) (value string, known bool) {
	for _, setting := range env {
		if v, found := strings.CutPrefix(setting, name+"="); found {
			value, known = v, true
		}
	}
	return value, known
}

// choosePort returns the port for a replica: first + its number, or any free one where first is 0. It is free at that
// moment; the error says that it is not.
func choosePort(first, replica int) (int, error) {
	port := 0
	if first != 0 {
		port = first + replica
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return 0, fmt.Errorf("port %d for replica %d is taken (%w): choose another workload.port, or 0 for any free one", port, replica, err)
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}
