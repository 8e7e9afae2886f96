package planner

import "testing"

// TestAUsersOwnReserveOfNothingIsOne: from PgBouncer 1.24 on a [users] reserve_pool_size of 0 beats the line's.
func TestAUsersOwnReserveOfNothingIsOne(t *testing.T) {
	p := Process{Version: "1.26.0", Settings: Settings{ReserveTimeout: 5}, Users: []UserLimit{{Name: "none", ReserveConns: NoReserve},
		{Name: "maybe", ReserveConns: NoReserve, Doubtful: true}, {Name: "own", ReserveConns: 1}}}
	a := Alias{SizeConns: 20, ReserveConns: 3}
	for user, want := range map[string]int{"none": 0, "maybe": 3, "own": 1, "other": 3} {
		if got := EffectiveReserve(p, a, user); got != want {
			t.Errorf("%s: %d, want %d", user, got, want)
		}
	}
	for c, want := range map[Copy]int{{OwnReserve: NoReserve}: 20, {OwnReserve: NoReserve, Doubtful: true}: 23, {OwnReserve: 1}: 21, {}: 23} {
		if got := c.worst(20, 3); got != want {
			t.Errorf("%+v: %d, want %d", c, got, want)
		}
	}
}
