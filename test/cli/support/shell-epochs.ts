/** A stage of pipeline.yaml that commits empty epochs; the param `epochs` is their number. */
export const TRAIN = `  train:
    cmd: |
      e=$PIPE_EPOCH
      while [ $e -lt $PIPE_EPOCHS ]; do
        e=$((e + 1))
        mkdir $PIPE_COMMIT/draft
        mv $PIPE_COMMIT/draft $PIPE_COMMIT/$e
      done
      echo $e > \${outs.out}
    outs: { out: cache/out/model.txt }
    epochs: \${epochs}`;
