package prom

import "testing"

func TestAnAnswerHasAStatusAndWithSuccessData(t *testing.T) {
	for body, want := range map[string]bool{
		`{"status":"success","data":[]}`:                    true,
		`{"status":"success","infos":["x"],"data":{"a":1}}`: true,
		`{"data":{"a":1},"status":"success"}`:               true,
		`{"status":"error","errorType":"x","error":"y"}`:    true,
		`{"errorType":"x","error":"y","status":"error"}`:    true,
		`{"status":"success","data":{"resultType":"vec`:     true, // left to the API client
		`{"status":"succ`:                  true,
		`{"status":"success","data":null}`: false,
		`{"status":"success"}`:             false,
		`{"data":null,"status":"success"}`: false,
		`{"data":[1]}`:                     false,
		`{"ok":true}`:                      false,
		`{}`:                               false,
	} {
		if got := isAnswer([]byte(body)); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}
