package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/sim"
)

var keep = flag.String("keep", "", "write the pictures of the tests into this folder, to be observed")

// story is an hour of three pools before one server: a shift of sizes, an autovacuum, cron jobs, a surge.
func story() Timeline {
	t := Timeline{Title: "gitlab-phase-4: shift ci traffic to its own pool",
		Subtitle: "seed 1 of 10, after 2m0s of warm-up; K = 500"}
	for i := 0; i <= 300; i++ {
		at := time.Duration(i) * 12 * time.Second
		m := at.Minutes()
		wave := math.Sin(m/3) * 8
		noise := float64((i*7919)%13) - 6
		s := sim.Sample{At: 2*time.Minute + at}
		main, ci, waiting := 75, 5, int(math.Max(0, 60+10*math.Sin(m)+noise))
		if m > 20 {
			main, ci, waiting = 64, 28, int(math.Max(0, noise))
		}
		direct, leaving := 20, 0
		if m > 40 && m < 44 {
			direct = 45
			leaving = 6
			s.Faults = append(s.Faults, "cron connections on main")
		}
		cpu := 0.6 + wave/100 + noise/300
		if m > 25 && m < 50 {
			cpu += 0.2
			s.Faults = append(s.Faults, "autovacuum on main takes 6 cores")
		}
		if i%60 > 50 {
			s.Faults = append(s.Faults, "scrape lost")
		}
		if i == 10 {
			cpu = math.NaN()
		}
		conns := 230 + int(wave) + ci*3
		s.Servers = []sim.ServerSample{{Name: "main", Backends: conns + direct + leaving, Direct: direct, Leaving: leaving,
			Worst: 3*(main+5) + 165 + 3*ci + direct, Budget: 450, MaxConns: 500, CPU: cpu}}
		s.Pools = []sim.PoolSample{
			{ID: "ci/gitlabhq_production", Size: ci, Conns: 3 * ci, Waiting: waiting},
			{ID: "main/gitlabhq_production", Size: main, Conns: 3 * main, Waiting: int(math.Max(0, wave-5))},
			{ID: "sidekiq/gitlabhq_production", Size: 50, Conns: 150, Waiting: int(math.Max(0, noise-4))},
		}
		t.Samples = append(t.Samples, s)
	}
	return t
}

// crowd is many servers and pools with hostile names, no CPU and no faults.
func crowd() Timeline {
	t := Timeline{Title: "a <crowd> & \"more\" \x00 than fits: " + strings.Repeat("long ", 60)}
	for i := 0; i <= 20; i++ {
		s := sim.Sample{At: time.Duration(i) * 12 * time.Hour}
		for j := range 5 {
			s.Servers = append(s.Servers, sim.ServerSample{Name: strings.Repeat("server", j+1), Backends: 10 * j, Worst: 12 * j,
				MaxConns: 5000, CPU: math.NaN()})
		}
		for j := range 40 {
			s.Pools = append(s.Pools, sim.PoolSample{ID: strings.Repeat("group", j%9+1) + "/alias<&>", Size: j, Conns: j,
				Waiting: (i * j) % 7})
		}
		s.Faults = append(s.Faults,
			"always on, and its name is longer than the column of the legend is wide: "+strings.Repeat("x", 200))
		for f := range 9 {
			if i > f && i < f+3 {
				s.Faults = append(s.Faults, "fault number "+string(rune('1'+f)))
			}
		}
		t.Samples = append(t.Samples, s)
	}
	return t
}

func TestPicturesAreWellFormedAndEqualForEqualSamples(t *testing.T) {
	for name, timeline := range map[string]Timeline{"story": story(), "crowd": crowd()} {
		svg, err := timeline.SVG()
		if err != nil {
			t.Fatal(err)
		}
		picture, err := timeline.PNG()
		if err != nil {
			t.Fatal(err)
		}
		again, _ := timeline.SVG()
		if !bytes.Equal(svg, again) {
			t.Errorf("%s: two SVGs of equal samples differ", name)
		}
		if again, _ = timeline.PNG(); !bytes.Equal(picture, again) {
			t.Errorf("%s: two PNGs of equal samples differ", name)
		}
		d := xml.NewDecoder(bytes.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: the SVG is not well-formed: %v", name, err)
			}
		}
		img, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != 1200 || b.Dy() != 900 {
			t.Errorf("%s: the PNG is %d × %d, want 1200 × 900", name, b.Dx(), b.Dy())
		}
		if *keep != "" {
			for ext, b := range map[string][]byte{".svg": svg, ".png": picture} {
				if err := os.WriteFile(filepath.Join(*keep, name+ext), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
