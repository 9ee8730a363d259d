package loadgen

// Outcome is what became of a hit.
type Outcome string

// The outcomes. Each has a histogram of its own.
const (
	OK               Outcome = "ok"
	UnexpectedStatus Outcome = "unexpected_status"
	UnexpectedBody   Outcome = "unexpected_body"
	Refused          Outcome = "refused"
	Reset            Outcome = "reset"
	Timeout          Outcome = "timeout"
	Dropped          Outcome = "dropped"    // never sent: the cap on hits in flight was reached
	Late             Outcome = "late"       // never sent: the generator was too late for it. Its own fault, and nobody's failure
	Unfinished       Outcome = "unfinished" // still in flight when the grace at the end was over
	Protocol         Outcome = "protocol"   // a reply that is none: garbage, truncated, wrong length
	TLSFailure       Outcome = "tls"
	Resolve          Outcome = "resolve"   // the name has no address
	Exhausted        Outcome = "exhausted" // no ephemeral port or file descriptor left: the generator's own
)

// outcomeIndex is an Outcome as a small number, so that recording a hit looks nothing up by name.
type outcomeIndex uint8

const (
	ixOK outcomeIndex = iota
	ixUnexpectedStatus
	ixUnexpectedBody
	ixRefused
	ixReset
	ixTimeout
	ixDropped
	ixLate
	ixUnfinished
	ixProtocol
	ixTLSFailure
	ixResolve
	ixExhausted
	outcomeCount
)

// outcome names i.
func (i outcomeIndex) outcome() Outcome {
	return [outcomeCount]Outcome{
		OK, UnexpectedStatus, UnexpectedBody, Refused, Reset, Timeout, Dropped, Late, Unfinished, Protocol, TLSFailure,
		Resolve, Exhausted,
	}[i]
}
