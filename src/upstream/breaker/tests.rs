//! The breaker alone.

use super::{recent::MEMORY, *};

const SECOND: Duration = Duration::from_secs(1);

fn breaker() -> Arc<Breaker> {
    let random = Arc::new(Mutex::new(fastrand::Rng::with_seed(1)));
    Breaker::new("crm", BreakerLimits::default(), random)
}

fn report(breaker: &Arc<Breaker>, health: Health) {
    breaker
        .leave(Kind::Read)
        .expect("it is not open")
        .report(health, Instant::now());
}

fn wait(breaker: &Arc<Breaker>) -> Duration {
    breaker.look().expect_err("it is open").wait
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_open_it_and_one_probe_goes_at_a_time() {
    let breaker = breaker();
    (0..4).for_each(|_| report(&breaker, Health::Ill));
    report(&breaker, Health::Well);
    (0..4).for_each(|_| report(&breaker, Health::Ill));
    report(&breaker, Health::Busy);
    assert_eq!(breaker.look(), Ok(()));
    report(&breaker, Health::Ill);
    let mut time = SECOND;
    for _ in 0..8 {
        let open = wait(&breaker);
        assert!(
            open >= time && open <= (time * 3 / 2).min(SECOND * 60),
            "{open:?}"
        );
        tokio::time::advance(open).await;
        let mut probe = breaker.leave(Kind::Read).expect("a probe");
        assert_eq!(
            breaker.leave(Kind::Read).err().map(|stopped| stopped.wait),
            Some(PROBE_WAIT)
        );
        probe.report(Health::Ill, Instant::now());
        time = (time * 2).min(SECOND * 60);
    }
    tokio::time::advance(wait(&breaker)).await;
    // A probe that is given up is followed by another.
    drop(breaker.leave(Kind::Read).expect("a probe"));
    report(&breaker, Health::Well);
    assert_eq!(breaker.standing().phase, BreakerPhase::Closed);
    (0..5).for_each(|_| report(&breaker, Health::Ill));
    assert!(wait(&breaker) < SECOND * 2, "it begins anew");
}

#[tokio::test(start_paused = true)]
async fn fewer_than_half_of_twenty_open_it() {
    let breaker = breaker();
    for n in 0..19 {
        report(
            &breaker,
            if n % 2 == 0 {
                Health::Ill
            } else {
                Health::Well
            },
        );
    }
    assert_eq!(breaker.look(), Ok(()));
    report(&breaker, Health::Ill);
    assert!(breaker.look().is_err());
}

#[tokio::test(start_paused = true)]
async fn failures_of_long_ago_say_nothing() {
    let breaker = breaker();
    for n in 0..18 {
        report(
            &breaker,
            if n % 3 == 2 {
                Health::Well
            } else {
                Health::Ill
            },
        );
    }
    tokio::time::advance(MEMORY + SECOND).await;
    for _ in 0..2 {
        report(&breaker, Health::Well);
        report(&breaker, Health::Ill);
    }
    assert_eq!(breaker.look(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_opens_it_at_once() {
    let breaker = breaker();
    report(&breaker, Health::KeyRefused);
    let stopped = breaker.look().expect_err("it is open");
    assert_eq!(stopped.cause, Cause::Key);
    assert!(matches!(
        breaker.standing().phase,
        BreakerPhase::Open(Cause::Key, _)
    ));
    breaker.new_key();
    assert_eq!(breaker.standing().phase, BreakerPhase::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_it_opened_does_not_count_as_a_probe() {
    let breaker = breaker();
    let mut early = breaker.leave(Kind::Read).expect("it is closed");
    (0..5).for_each(|_| report(&breaker, Health::Ill));
    let open = wait(&breaker);
    early.report(Health::Well, Instant::now());
    assert_eq!(wait(&breaker), open);
}

#[tokio::test(start_paused = true)]
async fn what_the_vendor_says_of_an_earlier_key_says_nothing_of_the_one_after() {
    let breaker = breaker();
    let mut early = breaker.leave(Kind::Read).expect("it is closed");
    let mut earlier = breaker.leave(Kind::Read).expect("it is closed");
    early.report(Health::KeyRefused, Instant::now());
    breaker.new_key();
    earlier.report(Health::KeyRefused, Instant::now());
    assert_eq!(breaker.look(), Ok(()));
    report(&breaker, Health::KeyRefused);
    assert_eq!(
        breaker.look().err().map(|stopped| stopped.cause),
        Some(Cause::Key)
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_it_never_opens() {
    let limits = BreakerLimits {
        failures: 0,
        ..BreakerLimits::default()
    };
    let random = Arc::new(Mutex::new(fastrand::Rng::with_seed(1)));
    let breaker = Breaker::new("crm", limits, random);
    (0..100).for_each(|_| report(&breaker, Health::Ill));
    report(&breaker, Health::KeyRefused);
    assert_eq!(breaker.look(), Ok(()));
    assert_eq!(breaker.standing().phase, BreakerPhase::Off);
}

#[tokio::test(start_paused = true)]
async fn other_limits_keep_what_is_known_of_the_vendor() {
    let breaker = breaker();
    (0..4).for_each(|_| report(&breaker, Health::Ill));
    let limits = BreakerLimits {
        most_open: SECOND / 2,
        ..BreakerLimits::default()
    };
    breaker.limit(limits);
    report(&breaker, Health::Ill);
    assert_eq!(wait(&breaker), SECOND / 2);
    breaker.limit(BreakerLimits {
        failures: 9,
        ..limits
    });
    assert_eq!(wait(&breaker), SECOND / 2);
    breaker.limit(BreakerLimits {
        failures: 0,
        ..limits
    });
    assert_eq!(breaker.look(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn it_tells_since_when_the_vendor_is_left_alone() {
    let breaker = breaker();
    tokio::time::advance(SECOND * 7).await;
    assert_eq!(breaker.standing().since, SECOND * 7);
    (0..5).for_each(|_| report(&breaker, Health::Ill));
    assert_eq!(
        (breaker.standing().since, breaker.standing().failures),
        (Duration::ZERO, 5)
    );
    let mut left_alone = Duration::ZERO;
    for _ in 0..3 {
        let open = wait(&breaker);
        tokio::time::advance(open).await;
        left_alone += open;
        assert_eq!(
            breaker.standing().phase,
            BreakerPhase::HalfOpen(Cause::Failures)
        );
        report(&breaker, Health::Ill);
        assert_eq!(
            breaker.standing().since,
            left_alone,
            "a failed probe begins nothing"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn writes_that_all_fail_open_it_though_every_read_goes_well() {
    let breaker = breaker();
    for n in 0..5 {
        assert_eq!(breaker.look(), Ok(()), "{n}");
        report(&breaker, Health::Well);
        breaker
            .leave(Kind::Write)
            .expect("it is closed")
            .report(Health::Ill, Instant::now());
    }
    assert!(breaker.look().is_err());
    assert_eq!(breaker.standing().failures, 5);
}
