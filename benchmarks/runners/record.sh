#!/usr/bin/env bash
# Runs the small failing projects of projects.tar.gz and keeps what each runner, compiler and linter prints:
#   record.sh FOLDER [GROUP...]     groups: python node ruby php go rust c java perl lua elixir shell (default: all)
# Each output becomes FOLDER/out/NAME.txt; a tool that is not installed is left out and said. What it takes:
#   pip install pytest pytest-xdist pytest-cov pytest-sugar nose2 green django behave robotframework ruff mypy pylint \
#       flake8 pyflakes bandit
#   npm install (in js/)
#   apt-get install ruby-rspec ruby-minitest ruby-test-unit phpunit golang cargo cmake libgtest-dev catch2 \
#       libboost-test-dev libcmocka-dev junit4 default-jdk bats perl lua-busted elixir shellcheck clang
# `expected.json` was then written by hand, from the outputs: names, first error lines and totals.
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?where}; shift
mkdir -p "$folder/out" && folder=$(cd "$folder" && pwd)
tar xzf "$here/projects.tar.gz" -C "$folder"
groups=" ${*:-python node ruby php go rust c java perl lua elixir shell} "
export NO_COLOR=1 CI=

wanted() { case "$groups" in *" $1 "*) true ;; *) false ;; esac; }

# run NAME DIRECTORY COMMAND...: both streams, as a terminal shows them
run() {
    local name=$1 directory=$2; shift 2
    if ! command -v "$1" >/dev/null; then echo "$name: no $1" >&2; return; fi
    (cd "$folder/$directory" && "$@" >"$folder/out/$name.txt" 2>&1 </dev/null)
    echo "$name: exit $?" >&2
}

if wanted python; then
    run py_vv pyt python -m pytest -vv tests/test_crates.py
    run py_no pyt python -m pytest --tb=no tests/test_crates.py
    run py_none pyt python -m pytest tests/test_crates.py
    run py_line_q pyt python -m pytest -q --tb=line tests/test_crates.py
    run py_short_q pyt python -m pytest -q --tb=short tests/test_crates.py
    run py_native pyt python -m pytest --tb=native tests/test_crates.py
    run py_log pyt python -m pytest --log-cli-level=INFO tests/test_crates.py
    run py_rA pyt python -m pytest -rA tests/test_crates.py
    run py_x pyt python -m pytest -x tests/test_crates.py
    run py_import pyt python -m pytest tests
    run py_usage pyt python -m pytest --no-such-option
    run py_cov pyt python -m pytest --cov=fleet -p no:sugar tests/test_crates.py
    run py_sugar pyt python -m pytest -p sugar tests/test_crates.py
    run py_xdist pyt python -m pytest -n 2 tests/test_crates.py
    run py_xdist_v pyt python -m pytest -n 2 -v tests/test_crates.py
    run py_junit pyt python -m pytest -q --junitxml="$folder/out/py_junit_xml.txt" tests/test_crates.py
    run ut_plain pyt python -m unittest tests.unit_case
    run ut_v pyt python -m unittest -v tests.unit_case
    run ut_f pyt python -m unittest -f tests.unit_case
    run ut_err pyt python -m unittest tests.test_import
    run nose2 pyt nose2 -s tests unit_case
    run green pyt green tests.unit_case
    run django pyt/dj python manage.py test
    run django_v pyt/dj python manage.py test -v 2
    run behave pyt/bh behave --no-color
    run behave_progress pyt/bh behave --no-color -f progress
    run robot pyt/rf robot --output NONE --log NONE --report NONE a.robot
    run ruff_concise pyt/lint ruff check --output-format concise .
    run ruff_grouped pyt/lint ruff check --output-format grouped .
    run mypy_plain pyt/lint mypy .
    run mypy_pretty pyt/lint mypy --pretty .
    run pylint_plain pyt/lint pylint a.py b.py c.py
    run flake8 pyt/lint flake8 .
    run pyflakes pyt/lint pyflakes .
    run bandit pyt/lint bandit -r .
fi
if wanted node; then
    export PATH="$folder/js/node_modules/.bin:$PATH"
    for style in default verbose dot tap tap-flat junit tree; do
        run "vitest2_$style" js/vitest vitest run --reporter="$style"
    done
    run jest_none js/jest jest --rootDir . --no-color
    run jest_plain js/jest jest --rootDir . --no-color --runInBand
    run jest_verbose js/jest jest --rootDir . --no-color --verbose
    run jest_silent js/jest jest --rootDir . --no-color --silent
    JEST_JUNIT_OUTPUT_FILE="$folder/out/jest_junit_xml.txt" run jest_junit js/jest jest --rootDir . --reporters=jest-junit
    for style in spec dot min nyan landing list progress tap xunit; do
        run "mocha2_$style" js/mocha mocha --reporter "$style" fleet.js
    done
    for style in spec tap dot junit; do run "node2_$style" js/node node --test --test-reporter="$style"; done
    for style in dot github junit line list; do run "pw2_$style" js/pw playwright test --reporter="$style"; done
    run ava_default js/ava ava
    run ava_tap js/ava ava --tap
    run jasmine js/jasmine jasmine 'spec/*.js'
    run qunit js/qunit qunit test
    run tape js/tap node tape.cjs
    run bun_test js/bun bun test
    run deno_test js/deno deno test --no-check
    for style in dot tap junit; do run "deno_$style" js/deno deno test --no-check --reporter="$style"; done
    run eslint_stylish js/lint eslint .
    run tsc_plain js/lint tsc --noEmit --pretty false -p .
    run tsc_pretty js/lint tsc --noEmit --pretty -p .
    run stylelint js/lint stylelint s.css
    run pyright pyt/lint pyright .
fi
if wanted ruby; then
    run rspec_progress rb rspec fleet_spec.rb
    run rspec_doc rb rspec -fd fleet_spec.rb
    run minitest2 rb ruby fleet_mini.rb
    run minitest_v rb ruby fleet_mini.rb -v
    run testunit rb ruby fleet_unit.rb
    run ruby_crash rb ruby crash.rb
fi
if wanted php; then
    run phpunit2 php phpunit FleetTest.php
    run phpunit_debug php phpunit --debug FleetTest.php
    run phpunit_testdox php phpunit --testdox FleetTest.php
    run phpunit_teamcity php phpunit --teamcity FleetTest.php
    run phpunit_log php phpunit --log-junit "$folder/out/phpunit_junit.txt" FleetTest.php
    run php_fatal php php c.php
fi
if wanted go; then
    run go_plain go go test ./...
    run go_v go go test -v ./...
    run go_json2 go go test -json ./...
fi
if wanted rust; then
    run cargo_test rs cargo test --offline
    run cargo_q rs cargo test --offline -q
    run cargo_check rs cargo check --offline --tests
fi
if wanted c; then
    run cmake_setup c cmake -S . -B b && run cmake_build c cmake --build b
    run ctest c/b ctest
    run ctest_out c/b ctest --output-on-failure
    run ctest_v c/b ctest -V
    run gtest c/b ./g
    run gtest_brief c/b ./g --gtest_brief=1
    run gcc_make cc make -k CC=gcc all
    run clang_make cc make -k CC=clang all
    run gxx cc g++ -c d.cc
    run ld cc gcc e.c
    run boost_setup boost g++ b.cc -o b -lboost_unit_test_framework && run boost_test boost ./b
    run catch_setup boost g++ c2.cc -o c2 -lCatch2Main -lCatch2 && run catch2 boost ./c2
    run cmocka_setup boost gcc k.c -o k -lcmocka && run cmocka boost ./k
fi
if wanted java; then
    run javac jv javac A.java B.java
    jars=/usr/share/java/junit4.jar:/usr/share/java/hamcrest-core.jar
    run junit_setup jv javac -cp "$jars" FleetTest.java && run junit4 jv java -cp "$jars:." org.junit.runner.JUnitCore FleetTest
fi
if wanted perl; then
    run perl_tap pl perl t/fleet.t
    run prove pl prove t
    run prove_v pl prove -v t
fi
if wanted lua; then run busted lua busted; fi
if wanted elixir; then
    run exunit ex elixir fleet_test.exs
    run exunit_trace ex elixir fleet_test.exs --trace
fi
if wanted shell; then
    run bats_pretty bats bats --pretty fleet.bats
    run bats_tap bats bats --tap fleet.bats
    run bats_junit bats bats --formatter junit fleet.bats
    run shellcheck sh shellcheck a.sh b.sh
    run shellcheck_gcc sh shellcheck -f gcc a.sh b.sh
fi
