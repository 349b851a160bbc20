//! A handle answers while another call of it waits, and calls the host under no lock of its own.

use super::tests::{clock, model, unlock};
use super::*;
use crate::environment::{Clock, Environment};
use crate::error::Error;
use crate::id::Timestamp;
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::Purpose;
use crate::storage::Storage;
use crate::storage::memory::Memory;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

fn space(memory: &Memory, env: Environment) -> HealthSpace {
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    HealthSpace::create_in(Arc::new(memory.clone()), &row, &unlock(), env).unwrap().0
}

#[test]
fn info_and_close_do_not_wait_behind_a_writer() {
    let memory = Memory::new();
    let space = space(&memory, clock().0);
    let held = memory.begin_write().unwrap();
    let writer = {
        let space = space.clone();
        std::thread::spawn(move || {
            let s = space.session(model(), Purpose::PatientRequest).unwrap();
            s.remember_in("health", "x").map(|_| ())
        })
    };
    std::thread::sleep(Duration::from_millis(300));
    let begin = Instant::now();
    space.info().unwrap();
    space.grants().unwrap();
    space.close();
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(matches!(space.info(), Err(Error::Locked)));
    drop(held);
    // What was waiting does not go on with keys that were given up, and brings none back.
    assert!(matches!(writer.join().unwrap(), Err(Error::Locked)));
    assert!(matches!(space.info(), Err(Error::Locked)));
}

/// A clock whose host looks at the space while it is asked.
#[derive(Default)]
struct Curious(Mutex<Option<HealthSpace>>);

impl Clock for Curious {
    fn now(&self) -> Timestamp {
        if let Some(s) = &*self.0.lock().unwrap() {
            s.info().unwrap();
        }
        Timestamp::from_millis(1_790_000_000_000)
    }
}

#[test]
fn the_clock_is_asked_under_no_lock_of_the_handle() {
    let curious = Arc::new(Curious::default());
    let env = Environment { clock: Arc::<Curious>::clone(&curious), ..Environment::default() };
    let space = space(&Memory::new(), env);
    *curious.0.lock().unwrap() = Some(space.clone());
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        s.remember_in("general", "x").unwrap();
        done.send(()).unwrap();
    });
    wait.recv_timeout(Duration::from_secs(20)).unwrap();
    *curious.0.lock().unwrap() = None;
}

#[test]
fn threads_of_one_handle_write_and_read_at_once() {
    let memory = Memory::new();
    let space = space(&memory, clock().0);
    super::tests::allow(&space, crate::record::Category::ALL);
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let space = space.clone();
            std::thread::spawn(move || {
                let s = space.session(model(), Purpose::PatientRequest).unwrap();
                for i in 0..25 {
                    s.remember_in("health", &format!("{n} {i}")).unwrap();
                    s.query(&crate::catalog::Query::default()).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(space.partition("health").unwrap().stats().unwrap().records, 100);
    let again = HealthSpace::open_in(Arc::new(memory.clone()), &unlock(), clock().0, None).unwrap();
    assert_eq!(again.partition("health").unwrap().stats().unwrap().records, 100);
    again.log(LogOf::Partition("health")).unwrap();
}
