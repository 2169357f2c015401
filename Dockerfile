# syntax=docker/dockerfile:1

# One image for every role: `platen api` unless told otherwise; `platen-worker` and `platen-api` are links to the same file.
#
#   docker build -t platen .
#   docker run --env-file platen.env -p 8080:8080 platen
#   docker run --env-file platen.env platen worker --queues orders,money

# The compiler whose names cli/layout.txt has.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The caches stay on the builder: a change of ours compiles ours alone.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package platen && cp target/release/platen /usr/local/bin/platen

FROM debian:bookworm-slim AS run
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /data --create-home platen
COPY --from=build /usr/local/bin/platen /usr/local/bin/platen
RUN ln -s platen /usr/local/bin/platen-api && ln -s platen /usr/local/bin/platen-worker
ENV PLATEN_HTTP__HOST=0.0.0.0 PORT=8080
# A database file and a folder of blobs live here until DATABASE_URL and BLOB_URL name servers.
WORKDIR /data
VOLUME /data
EXPOSE 8080
USER 10001:10001
# The first signal drains, which takes up to worker.drain_s: give the container longer than that before it is killed.
STOPSIGNAL SIGTERM
# Health is the role's affair (compose.yaml asks the api); a worker without a port is watched by its heartbeat.
ENTRYPOINT ["platen"]
CMD ["api"]
