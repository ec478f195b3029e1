#!/bin/bash
# Block all-7 of swp_0123456789ab, card "all".
#SBATCH --job-name=lambda-hat.swp_0123456789ab.slurm-1
#SBATCH --output=/shared/runs/sweeps/swp_0123456789ab/blocks/slurm-1.out
#SBATCH --open-mode=append
#SBATCH --chdir="/shared/my sweeps"
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --partition=gpu,long
#SBATCH --account=123
#SBATCH --qos=high
#SBATCH --constraint="a100&nvlink"
#SBATCH --clusters=east
#SBATCH --reservation=maintenance
#SBATCH --exclude=n1,n7
#SBATCH --cpus-per-task=16
#SBATCH --mem-per-cpu=500M
#SBATCH --gres=nvme:1
#SBATCH --gpus-per-node=a100:4
#SBATCH --time=1-00:30:00
#SBATCH --exclusive
#SBATCH --signal=B:USR1@540
#SBATCH --licenses=matlab
#SBATCH --mail-type=END

exit_file=/shared/runs/sweeps/swp_0123456789ab/blocks/slurm-1.exit
rm -f "$exit_file"
phase=start asked=
report() {
  code=$?
  printf '%s %s %s %s\n' "$code" "$phase" "${SLURMD_NODENAME:-$(hostname)}" "$asked" >"$exit_file.$$" &&
    mv "$exit_file.$$" "$exit_file"
  exit "$code"
}
trap report EXIT
trap 'asked=TERM; exit 143' TERM
trap 'asked=USR1; exit 138' USR1

export MPLBACKEND=Agg
export WORDS='it'\''s two'

phase=worker_init
module load nodejs
source /opt/env.sh
code=$?; set +eu
if [ "$code" -ne 0 ]; then
  echo "lambda-hat: the last command of worker_init failed with exit code $code" >&2
  exit 97
fi

phase=start
node=${LAMBDA_HAT_NODE:-'/opt/node 20/bin/node'}
command -v "$node" >/dev/null || node=node
if ! command -v "$node" >/dev/null; then
  echo "lambda-hat: no Node.js on $(hostname); set the card's key node, or load a module in worker_init" >&2
  exit 96
fi
ends_at=${SLURM_JOB_END_TIME:-$(($(date +%s) + 88200))}

phase=worker
srun --nodes=2 --ntasks-per-node=1 --cpus-per-task=16 --kill-on-bad-exit=0 "$node" /opt/lambda-hat/dist/src/cli/main.js worker --connection /shared/runs/sweeps/swp_0123456789ab/redis.json --sweep swp_0123456789ab --block all-7 --slots 4 --threads 4 --gpus --memory-mib 3584 --serves build --ends-at "$ends_at" --drain-before 600 --grace 30 &
worker=$!
trap 'asked=USR1; scancel --signal=USR1 "$SLURM_JOB_ID"' USR1
trap 'asked=TERM; scancel --signal=USR1 "$SLURM_JOB_ID"' TERM
# A trap ends the wait early: wait again until the worker is gone.
wait "$worker"; code=$?
while [ "$code" -gt 128 ] && kill -0 "$worker" 2>/dev/null; do wait "$worker"; code=$?; done
exit "$code"
