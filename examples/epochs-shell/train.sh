#!/bin/sh
# A made-up training: train.sh <rate> <model>. pipe sets the variables PIPE_…, see docs/stage-protocol.md.
set -eu
rate=$1
model=$2

# The state after the last completed epoch, or the beginning.
epoch=$PIPE_EPOCH
if [ "$epoch" -gt 0 ]; then weight=$(cat "$PIPE_STATE/weight"); else weight=1; fi

while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  epoch=$((epoch + 1))
  weight=$(((weight * rate + epoch) % 1000003))

  # Build the state under any name that is not a number; the rename commits it.
  draft="$PIPE_COMMIT/draft"
  mkdir "$draft"
  echo "$weight" > "$draft/weight"
  echo "{ \"weight\": $weight }" > "$draft/metrics.json"
  mv "$draft" "$PIPE_COMMIT/$epoch"

  echo "$epoch $PIPE_EPOCHS epochs" >> "$PIPE_PROGRESS"
done

echo "weight $weight after $epoch epochs" > "$model"
