# The worker's image. build_dockerfile.sh gets the models first and chooses the variant.
# `supply_chain/lock.py --base-image` writes its digest behind it.
ARG BASE_IMAGE=python:3.11-slim-bookworm

# Only the models that are asked for, so that the others are in no layer of the image.
FROM ${BASE_IMAGE} AS models
ARG MODELS="faster_rcnn_resnet101_coco mobilenet_ssd_widerface"
COPY model /downloaded
RUN mkdir /model && for name in ${MODELS}; do cp -r "/downloaded/${name}" /model/ || exit 1; done

FROM ${BASE_IMAGE}

# What the decoder locks itself in with. Debian's bases have it already, since apt needs it: then nothing is added.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libseccomp2 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin

# /scratch is the one place that the worker writes to: videos, results, its heartbeat. No program gives its caller
# the rights of another user: Fargate cannot be told no-new-privileges, so there is nothing to gain them with.
RUN useradd --uid 10001 --no-create-home --home-dir /scratch --shell /usr/sbin/nologin worker \
    && mkdir --mode=1777 /scratch \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
ENV HOME=/scratch \
    TMPDIR=/scratch \
    MODEL_DIR=/app/model \
    HUMAN_DETECTOR_CAGE=required \
    PYTHONPATH=/app/src \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /app

# What changes rarely comes first: packages, models, code, configuration.
ARG REQUIREMENTS=requirements.txt
COPY supply_chain/locked/${REQUIREMENTS} /tmp/requirements.txt
# OpenVINO brings 50 MB of plug-ins for Intel's GPUs and NPUs, which no ECS task has.
RUN pip install --no-cache-dir --require-hashes --only-binary :all: --requirement /tmp/requirements.txt \
    && find / -xdev -name 'libopenvino_intel_[gn]pu_plugin.so' -delete \
    && rm /tmp/requirements.txt
COPY --from=models /model model/
COPY src src/
COPY variables.json ./

VOLUME /scratch
USER 10001
# ECS takes its health check from the task definition, the Docker engine this one.
HEALTHCHECK --interval=30s --timeout=10s --start-period=5m --retries=3 CMD ["python", "-m", "human_detector", "healthcheck"]
# No shell and no init before it: the worker itself receives SIGTERM, and reaps its only child.
ENTRYPOINT ["python", "-m", "human_detector", "worker"]
CMD ["--log-format", "json"]

ARG BASE_IMAGE
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="human_detector" \
      org.opencontainers.image.description="SQS worker that finds humans and faces in videos" \
      org.opencontainers.image.base.name="${BASE_IMAGE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
