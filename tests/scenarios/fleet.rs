//! Three services as processes, on a clock that they share by three settings, to be killed and started again.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use slipway_chassis::env::Env;

use crate::binaries::binary;

/// How long a service may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Registry,
    Health,
    Launcher,
}

impl Service {
    pub const ALL: [Self; 3] = [Self::Registry, Self::Health, Self::Launcher];

    fn name(self) -> &'static str {
        match self {
            Self::Registry => "slipway-registry",
            Self::Health => "slipway-health",
            Self::Launcher => "slipway-launcher",
        }
    }
}

/// A clock that runs faster than the world's, the same in every process.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub origin: Timestamp,
    pub start: Timestamp,
    pub speed: f64,
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        let real = Timestamp::now().duration_since(self.origin).as_secs_f64();
        self.start.saturating_add(Duration::from_secs_f64(real.max(0.0) * self.speed)).unwrap()
    }
}

/// The services, their folder, and their logs.
pub struct Fleet {
    pub clock: Clock,
    folder: tempfile::TempDir,
    listen: [SocketAddr; 3],
    ops: [SocketAddr; 3],
    running: [Option<Child>; 3],
    /// A service that was killed writes into a new log.
    lives: usize,
    /// Flags of all three.
    flags: Vec<String>,
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Fleet {
    /// Starts all three and waits until they are ready.
    pub async fn start(clock: Clock) -> Self {
        Self::start_with(clock, &[]).await
    }

    /// The same, with more flags.
    pub async fn start_with(clock: Clock, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let addresses = || [free(), free(), free()];
        let (listen, ops) = (addresses(), addresses());
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut fleet = Self { clock, folder, listen, ops, running: [None, None, None], lives: 0, flags };
        for service in Service::ALL {
            fleet.begin(service);
        }
        for service in Service::ALL {
            fleet.wait_until_ready(service).await;
        }
        fleet
    }

    /// Where a service answers.
    pub fn address(&self, service: Service) -> String {
        format!("http://{}", self.listen[service as usize])
    }

    /// Where a service keeps its data.
    pub fn data_dir(&self, service: Service) -> PathBuf {
        self.folder.path().join(service.name())
    }

    /// Starts a service that does not run; it may not be ready yet.
    pub fn begin(&mut self, service: Service) {
        let Clock { origin, start, speed } = self.clock;
        self.lives += 1;
        let log = File::create(self.logs().join(format!("{}-{:03}.log", service.name(), self.lives))).unwrap();
        let mut command = Command::new(binary(service.name()));
        command
            .env_clear()
            .args(["--listen", &self.listen[service as usize].to_string()])
            .args(["--ops-listen", &self.ops[service as usize].to_string()])
            .args(["--data-dir", self.data_dir(service).to_str().unwrap()])
            .args(["--log-format", "json"])
            .args(["--clock.origin", &origin.to_string(), "--clock.start", &start.to_string()])
            .args(["--clock.speed", &speed.to_string()])
            .args(&self.flags)
            .stdout(Stdio::null())
            .stderr(log);
        if service != Service::Registry {
            command.args(["--registry", &self.address(Service::Registry)]);
        }
        if service == Service::Launcher {
            command.args(["--health", &self.address(Service::Health)]);
        }
        self.running[service as usize] = Some(command.spawn().unwrap());
    }

    /// Kills a service without a word, and starts it again on what it left.
    pub fn kill(&mut self, service: Service) {
        self.end(service);
        self.begin(service);
    }

    /// Kills a service without a word, and nothing is left of its data.
    pub fn lose(&mut self, service: Service) {
        self.end(service);
        std::fs::remove_dir_all(self.data_dir(service)).unwrap();
    }

    /// Kills a service without a word.
    pub fn end(&mut self, service: Service) {
        let mut child = self.running[service as usize].take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Waits until a service says that it is ready.
    pub async fn wait_until_ready(&self, service: Service) {
        let begun = Instant::now();
        while !self.is_ready(service) {
            assert!(begun.elapsed() < PATIENCE, "{} is not ready:\n{}", service.name(), self.log());
            Env::system().sleep(Duration::from_millis(10)).await;
        }
    }

    fn is_ready(&self, service: Service) -> bool {
        let Ok(mut socket) = TcpStream::connect(self.ops[service as usize]) else { return false };
        let asked = socket.write_all(b"GET /readyz HTTP/1.1\r\nHost: slipway\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        asked.is_ok() && socket.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
    }

    fn logs(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// All that the services logged, one line an event.
    pub fn log(&self) -> String {
        let mut files: Vec<_> = std::fs::read_dir(self.logs()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        files.sort();
        files.into_iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// Lines of the level WARN or ERROR that contain none of the announced texts.
    pub fn unannounced(&self, announced: &[&str]) -> Vec<String> {
        let log = self.log();
        let loud = log.lines().filter(|line| line.contains("\"WARN\"") || line.contains("\"ERROR\""));
        loud.filter(|line| !announced.iter().any(|text| line.contains(text))).map(str::to_owned).collect()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in self.running.iter_mut().flatten() {
            // It may have ended by itself; there is nothing to tell anybody then.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
