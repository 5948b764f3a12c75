"""Unmodified clients of other languages: fetched by name, kept in a cache, run as programs.

Fetched things live under build/clients (or $ILION_CLIENT_CACHE). A client that cannot be had
makes its tests skip with the reason, never pass. A client program takes HOST PORT STAGE and
prints one JSON document, which tests judge.
"""
import functools
import json
import logging
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE / 'clients'
CACHE = pathlib.Path(os.environ.get('ILION_CLIENT_CACHE', HERE.parents[1] / 'build' / 'clients'))
FETCH_S = 90


def rss_kib(pid):
    """Resident memory now, and its peak."""
    found = {}
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        name, _, rest = line.partition(':')
        if name in ('VmRSS', 'VmHWM'):
            found[name] = int(rest.split()[0])
    return found['VmRSS'], found['VmHWM']


def _fetch(command, what, **options):
    """None, or why it could not be had."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S,
                              stdin=subprocess.DEVNULL, **options)
    except subprocess.TimeoutExpired:
        return f'{what} could not be fetched within {FETCH_S} s'
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        why = next((line for line in lines if 'error' in line.lower()), (lines or ['?'])[-1])
        return f'{what} could not be fetched: {why}'
    return None


@functools.lru_cache(maxsize=None)
def _npm_install(package):
    name = package.rpartition('@')[0]
    home = CACHE / 'npm' / name
    if (home / 'node_modules' / name / 'package.json').is_file():
        return home, None
    home.mkdir(parents=True, exist_ok=True)
    return home, _fetch(['npm', 'install', '--prefix', str(home), '--no-audit', '--no-fund',
                         '--no-package-lock', '--ignore-scripts', '--fetch-retries=0',
                         '--fetch-timeout=30000', package], package)


def npm(package):
    """The directory whose node_modules has the package ('name@version')."""
    for tool in ('node', 'npm'):
        if not shutil.which(tool):
            pytest.skip(f'{tool} is not installed')
    home, reason = _npm_install(package)
    if reason:
        pytest.skip(reason)
    return home


# The package of Debian 12, found under DEBIAN_GO; the newest of the old name; that of the new name.
GOCQL = ('debian', 'github.com/gocql/gocql@v1.7.0',
         'github.com/apache/cassandra-gocql-driver/v2@v2.1.2')
DEBIAN_GO = pathlib.Path('/usr/share/gocode')


def _go_source(text, package):
    """The program as a version of the driver wants it."""
    if package.startswith('github.com/apache/'):  # it has loggers of its own
        text = text.replace('cluster.Logger = log',
                            'cluster.Logger = gocql.NewLogger(gocql.LogLevelWarn)')
    return text.replace('github.com/gocql/gocql', package)


@functools.lru_cache(maxsize=None)
def _go_build(name, driver):
    home = CACHE / 'go' / driver.replace('/', '_')
    source = PROGRAMS / f'{name}.go'
    binary = home / name
    if binary.is_file() and binary.stat().st_mtime > source.stat().st_mtime:
        return binary, None
    home.mkdir(parents=True, exist_ok=True)
    package = driver.partition('@')[0]
    if driver == 'debian':
        package = 'github.com/gocql/gocql'
        env = dict(os.environ, GO111MODULE='off', GOPATH=str(DEBIAN_GO), GOFLAGS='')
    else:
        (home / 'go.mod').write_text('module customers\n\ngo 1.19\n')
        env = dict(os.environ, GOFLAGS='-mod=mod -buildvcs=false', GOTOOLCHAIN='local')
    (home / 'main.go').write_text(_go_source(source.read_text(), package))
    reason = driver != 'debian' and _fetch(['go', 'get', driver], driver, cwd=home, env=env)
    if not reason:
        subprocess.run(['go', 'build', '-o', str(binary), 'main.go'], check=True, cwd=home,
                       env=env)
    return binary, reason


def go_program(name, driver):
    if not shutil.which('go'):
        pytest.skip('go is not installed')
    if driver == 'debian' and not (DEBIAN_GO / 'src/github.com/gocql/gocql').is_dir():
        pytest.skip('golang-github-gocql-gocql-dev is not installed')
    binary, reason = _go_build(name, driver)
    if reason:
        pytest.skip(reason)
    return binary


JAVA_DRIVER = '4.17.0'
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>customers</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.datastax.oss</groupId><artifactId>java-driver-core</artifactId>
      <version>{version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version></dependency>
  </dependencies>
</project>
"""


@functools.lru_cache(maxsize=None)
def _java_build(name):
    home = CACHE / 'java' / name
    source = PROGRAMS / f'{name}.java'
    jars = home / 'jars'
    home.mkdir(parents=True, exist_ok=True)
    reason = None
    if not jars.is_dir():
        (home / 'pom.xml').write_text(POM.format(version=JAVA_DRIVER))
        reason = _fetch(['mvn', '-q', '-B', 'dependency:copy-dependencies',
                         f'-DoutputDirectory={jars}'], f'java-driver {JAVA_DRIVER}', cwd=home)
        if reason:
            shutil.rmtree(jars, ignore_errors=True)
    compiled = home / f'{name}.class'
    if not reason and not (compiled.is_file() and
                           compiled.stat().st_mtime > source.stat().st_mtime):
        subprocess.run(['javac', '-cp', f'{jars}/*', '-d', str(home), str(source)], check=True)
    return home, reason


def java_program(name):
    for tool in ('javac', 'mvn'):
        if not shutil.which(tool):
            pytest.skip(f'{tool} is not installed')
    home, reason = _java_build(name)
    if reason:
        pytest.skip(reason)
    return ['java', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1',
            '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', f'{home}:{home}/jars/*', name]


def run_program(command, node, port, stage, **env):
    """What it printed; its stderr, if any, is added to the warnings."""
    done = subprocess.run([*map(str, command), node.host, str(port), stage], timeout=60,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, **env))
    assert done.returncode == 0, f'{stage}:\n{done.stdout}\n{done.stderr}'
    answer = json.loads(done.stdout)
    answer['warnings'] = answer.get('warnings', []) + done.stderr.splitlines()
    return answer


class Warnings(logging.Handler):
    """What a Python driver logs because of us: `with Warnings('cassandra') as lines`."""

    def __init__(self, logger):
        super().__init__(logging.WARNING)
        self.logger = logging.getLogger(logger)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())

    def __enter__(self):
        self.logger.addHandler(self)
        return self.lines

    def __exit__(self, *_):
        self.logger.removeHandler(self)
