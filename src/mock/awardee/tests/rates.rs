use super::{Answer, Bench, Options, TAGS, Window, bench};

fn rates(answer: &Answer) -> Vec<u64> {
    let names = [
        "limit-minute",
        "remaining-minute",
        "reset-minute",
        "limit-hour",
        "remaining-hour",
        "reset-hour",
    ];
    names
        .iter()
        .map(|name| {
            answer
                .header(&format!("x-ratelimit-{name}"))
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect()
}

#[test]
fn without_windows_the_published_limit_stands_untouched() {
    let mut bench = bench();
    bench.now = 1_800_000_030_500;
    let untouched = [60, 60, 1_800_000_060, 1_000, 1_000, 1_800_003_600];
    let found = [
        bench.call("GET", TAGS, ""),
        bench.bare("GET", "/none", "", &[]),
        bench.call("PUT", TAGS, ""),
    ];
    for answer in found {
        assert_eq!(rates(&answer), untouched, "{}", answer.text);
    }
}

#[test]
fn used_up_windows_say_how_long_to_wait() {
    let windows = vec![
        Window {
            requests: 2,
            length_ms: 60_000,
        },
        Window {
            requests: 3,
            length_ms: 3_600_000,
        },
    ];
    let mut bench = Bench::new(
        "awardee",
        &Options {
            windows,
            ..Options::default()
        },
    );
    bench.now = 1_800_000_030_500;
    assert_eq!(
        rates(&bench.call("GET", TAGS, "").is(200)),
        [2, 1, 1_800_000_060, 3, 2, 1_800_003_600]
    );
    assert_eq!(rates(&bench.call("GET", TAGS, "").is(200))[1], 0);
    let limited = bench.call("GET", TAGS, "").is(429);
    assert_eq!(
        (limited.str("/error"), limited.header("retry-after")),
        ("rate_limited", Some("30"))
    );
    assert_eq!(rates(&limited), [2, 0, 1_800_000_060, 3, 1, 1_800_003_600]);
    bench.now = 1_800_000_060_000;
    bench.call("GET", TAGS, "").is(200);
    let limited = bench.call("GET", TAGS, "").is(429);
    assert_eq!(limited.header("retry-after"), Some("3540"));
    assert_eq!(rates(&limited)[1..5], [1, 1_800_000_120, 3, 0]);
}
