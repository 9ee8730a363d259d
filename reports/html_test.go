package reports

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page in headless Chromium, with all that it complained about and asked the network for.
type tab struct {
	ctx context.Context
	// mu guards the rest, which the browser's goroutine writes.
	mu         sync.Mutex
	complaints []string
	requests   []string
}

// browser starts headless Chromium, or skips.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("needs Chromium: apt-get install chromium")
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoFirstRun,
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Skipf("needs a Chromium that starts: %v", err)
	}
	return ctx
}

// open shows html in a new tab of width × 900 pixels.
func open(t *testing.T, ctx context.Context, html []byte, width int64, dark bool) *tab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, html, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	p := &tab{}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	p.ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	theme := "light"
	if dark {
		theme = "dark"
	}
	call(t, p.ctx, network.Enable, network.EnableParams{})
	call(t, p.ctx, log.Enable, cdp.Empty{})
	call(t, p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600})
	call(t, p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
	if err := chromedp.Do(p.ctx, chromedp.Navigate("file://"+path)); err != nil {
		t.Fatal(err)
	}
	return p
}

func call[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		t.Fatal(err)
	}
}

// listen is called by the one goroutine that reads from the browser.
func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, fmt.Sprintf("console.%s", e.Type))
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

// eval is the value of an expression, or of the promise that it is.
func eval[T any](t *testing.T, p *tab, expression string) T {
	t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// check fails on anything the page complained about and any request but that of the page itself.
func (p *tab) check(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.complaints) > 0 {
		t.Errorf("the page complains: %q", p.complaints)
	}
	for _, url := range p.requests {
		if !strings.HasPrefix(url, "file:") && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page asked for %s", url)
		}
	}
}

// openAll opens every trial and waits until each plot that can be seen has a canvas, for 20 s at most.
const openAll = `(async () => {
  document.querySelectorAll("details.trial").forEach((d) => { d.open = true; });
  for (let i = 0; i < 400; i++) {
    if ([...document.querySelectorAll(".plot")].every((p) => p.querySelector("canvas"))) break;
    await new Promise((r) => setTimeout(r, 50));
  }
})()`

// undrawn lists the plots without a chart, the series that have no value at all, and those of whose colour fewer than 12
// pixels are on the area of the chart, where no axis and no label is: unless another series drawn later lies over it, or it
// lies on the lower edge.
const undrawn = `(() => {
  const sheet = document.createElement("canvas"), paper = sheet.getContext("2d", {willReadFrequently: true});
  const colourOf = (text) => {
    paper.clearRect(0, 0, 1, 1);
    paper.fillStyle = text;
    paper.fillRect(0, 0, 1, 1);
    return paper.getImageData(0, 0, 1, 1).data;
  };
  const area = (u) => {
    const {left, top, width, height} = u.bbox;
    paper.clearRect(0, 0, sheet.width = Math.ceil(width), sheet.height = Math.ceil(height));
    paper.drawImage(u.ctx.canvas, -left, -top);
    return paper.getImageData(0, 0, sheet.width, sheet.height).data;
  };
  const painted = (pixels, want) => {
    let n = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      if (pixels[i + 3] > 90 && [0, 1, 2].every((k) => Math.abs(pixels[i + k] - want[k]) < 32)) n++;
    }
    return n;
  };
  const hidden = (u, i) => {
    const at = (s) => u.data[s].map((x) => x == null ? null : u.valToPos(x, u.series[s].scale, true));
    const own = at(i), known = own.filter((y) => y != null), bottom = u.bbox.top + u.bbox.height;
    if (known.every((y) => y > bottom - 2)) return true;
    return u.series.some((s, j) => j > i && s.show && at(j).filter((y, k) => y != null && own[k] != null && Math.abs(y - own[k]) < 2).length >= 0.8 * known.length);
  };
  const faults = [];
  for (const plot of document.querySelectorAll(".plot")) {
    const u = plot.chart, trial = plot.closest("details.trial");
    const name = [trial ? trial.id : "page", plot.dataset.kind, plot.dataset.key].join(" ").trim();
    if (!u) {
      faults.push(name + ": no chart");
      continue;
    }
    const colours = u.series.map((s, i) => i > 0 && colourOf(s.stroke(u, i))), pixels = area(u);
    u.series.forEach((s, i) => {
      if (i === 0) return;
      if (!u.data[i].some((x) => x != null)) faults.push(name + ": " + s.label + " has no value");
      else if (painted(pixels, colours[i]) < 12 && !(s.show && hidden(u, i))) faults.push(name + ": " + s.label + " is not drawn");
    });
  }
  return faults;
})()`

// A chart with nothing on it but axes, labels and lines that bound it is noticed, and so is a series that is hidden.
func TestAChartWithoutItsSeriesIsNoticed(t *testing.T) {
	ctx := browser(t)
	p := open(t, ctx, render(t, HTML, fixtureRun()), 1280, false)
	eval[any](t, p, openAll)
	const chart = `document.querySelector("#trial-3 .plot[data-kind='memory']").chart`
	for change, want := range map[string]string{
		`u.setData(u.data.map((column, i) => i === 1 ? column.map(() => null) : column))`: "has no value",
		`u.setSeries(2, {show: false})`: "is not drawn",
	} {
		faults := eval[[]string](t, p, `(async () => {
			const u = `+chart+`;
			`+change+`;
			await new Promise((r) => requestAnimationFrame(r));
			return `+undrawn+`;
		})()`)
		if len(faults) != 1 || !strings.HasPrefix(faults[0], "trial-3 memory") || !strings.HasSuffix(faults[0], want) {
			t.Errorf("after %s: %q", change, faults)
		}
		eval[any](t, p, `(dispatchEvent(new Event("afterprint")), new Promise((r) => requestAnimationFrame(r)))`) // draws all anew
	}
}

// sheet is a page with its name, the least number of charts on it, and, of a hostile one, an element that holds hostile text.
type sheet struct {
	name   string
	html   []byte
	charts int
	shows  string
}

// sheets are the kinds of page: of a search, of a check, of a scan.
func sheets(t *testing.T) []sheet {
	return []sheet{{"report", render(t, HTML, besideRun()), 45, ""}, {"check", render(t, HTML, checkedRun()), 8, ""},
		{"scan", render(t, func(w io.Writer, _ Run) error { return ScanHTML(w, scanned(false)) }, Run{}), 0, ""}}
}

func TestEveryChartIsDrawn(t *testing.T) {
	ctx := browser(t)
	for _, s := range sheets(t) {
		for _, dark := range []bool{false, true} {
			for _, width := range []int64{1280, 360} {
				t.Run(fmt.Sprintf("%s, dark %v, %d wide", s.name, dark, width), func(t *testing.T) {
					p := open(t, ctx, s.html, width, dark)
					eval[any](t, p, openAll)
					missing := eval[[]string](t, p, undrawn)
					plots := eval[int](t, p, `document.querySelectorAll(".plot").length`)
					inner := eval[int](t, p, `document.documentElement.scrollWidth`)
					if len(missing) > 0 || plots < s.charts {
						t.Errorf("%d plots, not drawn: %q", plots, missing)
					}
					if int64(inner) > width {
						t.Errorf("the page is %d wide on a screen of %d", inner, width)
					}
					p.check(t)
					screenshot(t, p, fmt.Sprintf("%s-%d-%v", s.name, width, dark))
				})
			}
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	ctx := browser(t)
	for _, s := range []sheet{{name: "report", html: render(t, HTML, hostileRun()), shows: "h2 span"},
		{name: "check", html: render(t, HTML, hostileCheck()), shows: "p.warning.error"},
		{name: "scan", html: render(t, func(w io.Writer, _ Run) error { return ScanHTML(w, scanned(true)) }, Run{}), shows: "td"}} {
		t.Run(s.name, func(t *testing.T) {
			p := open(t, ctx, s.html, 360, false)
			eval[any](t, p, openAll)
			if missing := eval[[]string](t, p, undrawn); len(missing) > 0 {
				t.Errorf("not drawn: %q", missing)
			}
			if n := eval[int](t, p, `document.querySelectorAll("img, iframe, object, main script:not([type='application/json'])").length`); n > 0 {
				t.Errorf("%d elements were made of hostile text", n)
			}
			if !eval[bool](t, p, `document.querySelector("`+s.shows+`").textContent.includes("<img src=x")`) {
				t.Errorf("hostile text in %s does not show as it is", s.shows)
			}
			if width := eval[int](t, p, `document.documentElement.scrollWidth`); width > 360 {
				wide := eval[[]string](t, p, `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > 361 && !e.closest(".scroll")).map((e) => e.tagName + "." + e.className)`)
				t.Errorf("hostile names make the page %d wide: %q", width, wide)
			}
			p.check(t)
		})
	}
}

func TestLegendIsSilentUntilPointedAt(t *testing.T) {
	ctx := browser(t)
	p := open(t, ctx, render(t, HTML, fixtureRun()), 1280, false)
	eval[any](t, p, openAll)
	if n := eval[int](t, p, `[...document.querySelectorAll(".u-value")].filter((e) => getComputedStyle(e).visibility !== "hidden").length`); n > 0 {
		t.Errorf("%d values show with no cursor on any chart", n)
	}
	const trial = `document.querySelectorAll("#trial-3 .plot")`
	eval[any](t, p, trial+`[2].scrollIntoView({behavior: "instant", block: "center"})`)
	at := eval[[]float64](t, p, `(({left, top}) => [left + 250, top + 90])(`+trial+`[2].getBoundingClientRect())`)
	if err := chromedp.Do(p.ctx, chromedp.MouseEvent("mouseMoved", at[0], at[1]), chromedp.MouseEvent("mouseMoved", at[0]+2, at[1])); err != nil {
		t.Fatal(err)
	}
	// The charts of a trial share one cursor: all of them show a value now, and those of other trials do not.
	if n := eval[int](t, p, `(async () => {
		const charts = () => [...document.querySelectorAll(".uplot:not(.idle)")].map((u) => u.closest("details.trial").id);
		for (let i = 0; i < 100 && charts().length < 6; i++) await new Promise((r) => requestAnimationFrame(r));
		return charts().filter((id) => id === "trial-3").length === charts().length ? charts().length : -1;
	})()`); n != 6 {
		t.Errorf("%d charts follow the cursor, want the 6 over time of trial 3", n)
	}
}

func TestLinksOpenTheirTrial(t *testing.T) {
	ctx := browser(t)
	p := open(t, ctx, render(t, HTML, fixtureRun()), 1280, false)
	broken := eval[[]string](t, p, `[...document.querySelectorAll("a[href^='#']")].map((a) => a.getAttribute("href")).filter((h) => !document.getElementById(h.slice(1)))`)
	if len(broken) > 0 {
		t.Errorf("links to nowhere: %q", broken)
	}
	eval[any](t, p, "document.querySelector(`a[href='#trial-3']`).click()")
	checkOpenAtTop(t, p, "after a click")
	if err := chromedp.Do(p.ctx, chromedp.Reload()); err != nil {
		t.Fatal(err)
	}
	checkOpenAtTop(t, p, "when opened by its address")
	screenshot(t, p, "trial-3")
}

// checkOpenAtTop waits until the charts of trial 3 are drawn, 6 s at most, and checks that they moved it nowhere.
func checkOpenAtTop(t *testing.T, p *tab, when string) {
	t.Helper()
	top := eval[float64](t, p, `(async () => {
		const trial = document.getElementById("trial-3");
		for (let i = 0; i < 300 && !(trial.open && trial.querySelectorAll("canvas").length === 7); i++) {
			await new Promise((r) => setTimeout(r, 20));
		}
		return trial.open ? trial.getBoundingClientRect().top : -1e6;
	})()`)
	if top < -1 || top > 60 {
		t.Errorf("%s trial 3 is at %v, or closed; want it open at the top", when, top)
	}
}

// TestPrinted draws the pages as on paper: light, whatever the scheme, with the trials that a reader opened.
func TestPrinted(t *testing.T) {
	ctx := browser(t)
	for _, s := range sheets(t) {
		p := open(t, ctx, s.html, 1280, true)
		eval[any](t, p, `(async () => {
			const trial = document.getElementById("trial-2");
			if (trial) trial.open = true;
			dispatchEvent(new Event("beforeprint"));
			await new Promise((r) => setTimeout(r, 0));
		})()`)
		call(t, p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		if colour := eval[string](t, p, `getComputedStyle(document.body).backgroundColor`); colour != "rgb(251, 250, 248)" {
			t.Errorf("%s: the paper is %s", s.name, colour)
		}
		p.check(t)
		screenshot(t, p, s.name+"-print")
	}
}

func TestSizeOfThePage(t *testing.T) {
	for _, c := range []struct{ trials, limit int }{{20, 1 << 20}, {200, 5 << 20}} {
		size := len(render(t, HTML, longRun(c.trials)))
		t.Logf("%d trials: %d KiB", c.trials, size>>10)
		if size > c.limit {
			t.Errorf("%d trials: %d bytes, at most %d are allowed", c.trials, size, c.limit)
		}
	}
}

func BenchmarkHTML200Trials(b *testing.B) {
	r := longRun(200)
	for b.Loop() {
		render(b, HTML, r)
	}
}

// TestScreenshots makes docs/images from the imagined search of the other tests, for make screenshots.
func TestScreenshots(t *testing.T) {
	if os.Getenv("REPORT_SCREENSHOTS") == "" {
		t.Skip("make screenshots runs it")
	}
	ctx := browser(t)
	for _, dark := range []bool{false, true} {
		p := open(t, ctx, render(t, HTML, fixtureRun()), 1280, dark)
		eval[any](t, p, `new Promise((r) => setTimeout(r, 300))`) // the charts on the screen are drawn
		png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		name := map[bool]string{false: "answer.png", true: "answer-dark.png"}[dark]
		if err := os.WriteFile(filepath.Join(os.Getenv("REPORT_SCREENSHOTS"), name), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := open(t, ctx, render(t, HTML, fixtureRun()), 1280, false)
	eval[any](t, p, "document.querySelector(`a[href='#trial-3']`).click()")
	checkOpenAtTop(t, p, "for its picture")
	eval[any](t, p, `(document.querySelector("#trial-3 .figures").scrollIntoView(), new Promise((r) => setTimeout(r, 300)))`)
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("REPORT_SCREENSHOTS"), "trial.png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// screenshot writes what the tab shows to the folder named by REPORT_SCREENSHOTS, if it is.
func screenshot(t *testing.T, p *tab, name string) {
	t.Helper()
	folder := os.Getenv("REPORT_SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
