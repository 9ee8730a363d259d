package local

// helperRole is set where the test binary runs itself as another process.
const helperRole = "PLIMSOLL_TEST_ROLE"

func playRole(role string) int { return 2 }
