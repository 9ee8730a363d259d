package restore

import (
	"fmt"
	"math"
	"strings"
)

// damage is what happens to a mutating call.
type damage string

const (
	none        damage = ""
	killBefore  damage = "killed before"        // SIGKILL before the API server sees the call
	killAfter   damage = "killed after"         // SIGKILL after it has committed the call, before the reply
	killAt      damage = "killed at an instant" // SIGKILL some time after the start, whatever the run does then
	conflict    damage = "409"                  // each of these numbers: the reply, and nothing is committed
	gone        damage = "410"
	invalid     damage = "422"
	throttled   damage = "429, Retry-After"
	broken      damage = "500"
	unavailable damage = "503"
	reset       damage = "reset before commit"     // the connection is reset, nothing is committed
	lost        damage = "reply lost after commit" // the call is committed, then the connection is reset
	away        damage = "API server away for 2 s" // every connection reset, none accepted, from before the call
	interrupted damage = "interrupted"             // SIGINT right after the call
	foreign     damage = "foreign edit"            // somebody else edits the objects right after the call
)

// replies are the damages that are answers of the API server, with what it says.
var replies = map[damage]struct {
	code   int
	reason string
}{
	conflict:    {409, "Conflict"},
	gone:        {410, "Expired"},
	invalid:     {422, "Invalid"},
	throttled:   {429, "TooManyRequests"},
	broken:      {500, "InternalError"},
	unavailable: {503, "ServiceUnavailable"},
}

// matrix is every damage that is done once, three times and for good.
var matrix = []damage{conflict, gone, invalid, throttled, broken, unavailable, reset, lost}

// forGood is the number of times of a damage that does not end.
const forGood = math.MaxInt32

// fault is a damage to the mutating calls of one run, from the call with that number on, so many times. Calls are
// numbered from 1.
type fault struct {
	damage damage
	call   int
	times  int
}

func (f fault) hits(call int) bool {
	return f.damage != none && call >= f.call && call-f.call < f.times
}

func (f fault) String() string {
	switch {
	case f.damage == none:
		return "no fault"
	case f.times == forGood:
		return fmt.Sprintf("call %d: %s, for good", f.call, f.damage)
	case f.times > 1:
		return fmt.Sprintf("call %d: %s, %d times", f.call, f.damage, f.times)
	}
	return fmt.Sprintf("call %d: %s", f.call, f.damage)
}

// mutating is true for a call that changes what the API server stores. A dry run and a review of access do not.
func mutating(method, path, query string) bool {
	switch method {
	case "POST", "PUT", "PATCH", "DELETE":
		return !strings.HasSuffix(path, "reviews") && !strings.Contains(query, "dryRun=All")
	}
	return false
}
