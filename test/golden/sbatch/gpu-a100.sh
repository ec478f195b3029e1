#!/bin/bash
# Block gpu-a100-1 of swp_0123456789ab, card "gpu-a100".
#SBATCH --job-name=lambda-hat.swp_0123456789ab.slurm-1
#SBATCH --output=/shared/runs/sweeps/swp_0123456789ab/blocks/slurm-1.out
#SBATCH --open-mode=append
#SBATCH --chdir=/shared
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --partition=gpu
#SBATCH --cpus-per-task=8
#SBATCH --mem=128G
#SBATCH --gres=gpu:a100:1
#SBATCH --time=02:00:00
#SBATCH --signal=B:USR1@240
#SBATCH --requeue

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


phase=start
node=${LAMBDA_HAT_NODE:-/opt/node/bin/node}
command -v "$node" >/dev/null || node=node
if ! command -v "$node" >/dev/null; then
  echo "lambda-hat: no Node.js on $(hostname); set the card's key node, or load a module in worker_init" >&2
  exit 96
fi
ends_at=${SLURM_JOB_END_TIME:-$(($(date +%s) + 7200))}

phase=worker
"$node" /opt/lambda-hat/dist/src/cli/main.js worker --connection /shared/runs/sweeps/swp_0123456789ab/redis.json --sweep swp_0123456789ab --block gpu-a100-1 --slots 1 --threads 8 --gpus --ends-at "$ends_at" --drain-before 300 --grace 30 --idle-exit 720 &
worker=$!
trap 'asked=USR1; kill -USR1 "$worker" 2>/dev/null' USR1
trap 'asked=TERM; kill -USR1 "$worker" 2>/dev/null' TERM
# A trap ends the wait early: wait again until the worker is gone.
wait "$worker"; code=$?
while [ "$code" -gt 128 ] && kill -0 "$worker" 2>/dev/null; do wait "$worker"; code=$?; done
exit "$code"
