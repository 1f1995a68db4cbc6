// What `quorate simulate --help` prints. Every subcommand with its options stands here, and nowhere else.

export const USAGE = `Usage: quorate simulate COMMAND [OPTIONS]

  run        one seed: forms a cluster of the shipped code in a simulated world, lets faults happen for D (default 30s),
             heals it and checks that it recovers; every property is checked after every event
             [--seed N] [--time D] [--nodes N] [--versions one|mixed] [--processes none|kept] [--trace] [--json]
  sweep      many seeds on all cores, summed up in a table; parameters may be varied
             [--seed N] [--seeds COUNT] [--time D] [--nodes N,N…] [--election-timeout D,D…]
             [--versions one|mixed] [--processes none|kept] [--twice] [--require-coverage] [--workers N]
             [--csv | --json]
  replay     a run again, to the last event: SEED|FILE [--time D] [--nodes N] [--versions one|mixed] [--processes none|kept]
             [--hash H] [--trace] [--html PAGE] [--export shiviz|edn|ndjson FILE] [--json]
             or flight records of daemons (quorate record export): FILE… [--last D] [--trace] [--html PAGE] [--json]
  minimise   makes a failing run short, and writes it as a file for replay and for a test: SEED [--time D] [--nodes N]
             [--limit D] [--out FILE] [--mutant NAME] [--json]
  scenarios  the published scenarios in one table: what was published, ours, and without PreVote and CheckQuorum:
             [NAME|FILE…] [--alone] [--csv | --json]
  check      whether the history of any system is linearizable, and where it breaks: FILE… [--model NAME] [--html PAGE]
             [--timeout D] [--memory SIZE] [--json]
  mutants    plants known bugs into a copy of the code, one at a time, and tells how soon the same runs find each:
             [NAME…] [--seed N] [--seeds COUNT] [--limit D] [--bases COUNT] [--budget D] [--shorten D] [--published]
             [--results FILE] [--workers N] [--json]
  forming    clean nodes that form their first cluster, through crashes, wipes and partitions; or its planted bugs:
             [--seed N] [--seeds COUNT] [--mutants] [--json]
  bench      the simulator's speed with all checks on, calm and with faults: [--seed N] [--slices N] [--time D]
             [--warm-up D] [--against FOLDER] [--json]
  list       scenarios, properties, situations, models and planted bugs: [WHAT] [--json]

--seed N       64 bits, decimal or 0x…; default: a fresh one, printed first
--seeds COUNT  that many seeds from N on (sweep: default 100; forming: 1000; mutants: at most, default 2000)
--time D       simulated time with faults, such as 30s or 5m
--nodes N      voters to begin with, 1 to 7; default: drawn from the seed
--versions V   one: the software as it is; mixed: an old version too, upgraded under load; default: drawn from the seed
--processes P  none; kept: machines run a primary-only process under the shipped keeper; default: drawn from the seed
--require-coverage
               sweep: a situation that never came about is a failure (exit 1)
--twice        every seed a second time, in another process and another order; unequal traces are a failure (exit 1)
--workers N    processes side by side; default: one for each core
--slices N     bench: measurements, default 5
--warm-up D    bench: processor time before each is measured, default 15s
--against DIR  bench: measures the build in this folder dist in turns with this one
--limit D      mutants: processor time for each planted bug and base seed, default 60s, so that a busy machine decides nothing;
               minimise: real time, default 120s
--bases COUNT  base seeds for each planted bug, default 1; the table tells medians over them
--budget D     processor time for each planted bug, whatever the base seeds: no further one is begun after it
--shorten D    one failing run of each planted bug is made short, for so much real time; default: none
--published    the bugs of the published list only, as its table
--results FILE what was tried is kept there, and a table that was interrupted goes on with it
--model NAME   what the history is about (default: its functions tell): register, key-value, set, queue, counter, lock,
               sessions
--html PAGE    writes a page without outside resources: of a run its space-time diagram, of a history its failure
--timeout D    real time for each history, default 60s; then the verdict is unknown
--memory SIZE  for each history, default 2GiB; then the verdict is unknown
--last D       of flight records, trace and draw only the newest so long; all of them is replayed and checked
--trace        every event as a line
--json         one object on standard output; errors too
--csv          one line for each run

Exit codes: 0 held; 1 the simulator failed, or a file cannot be read; 2 wrong usage; 4 a safety property did not hold, or a
history is not linearizable; 5 the healed cluster did not recover; 6 unknown; 130 interrupted, after telling what was done.`;
