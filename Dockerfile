# The images of Rollcall, one a program: docker build --target api|worker|simulator|cli .
# `worker` also migrates (node apps/worker/migrate.ts), and `api` makes keys (node apps/api/create-key.ts).
#
# No compiler runs: Node strips the types. It refuses to do so below node_modules, where `pnpm deploy` would copy the workspace's packages;
# so each image holds a small workspace, cut out by `turbo prune` and installed from its own part of the lockfile.
#
# There is no init in the images. Each program ends on SIGTERM by itself. The worker alone starts processes, one for each result file that it reads, and waits for their end itself;
# before it listens for signals, the kernel keeps them from PID 1, which is why docker-compose.yml says `init: true`.

FROM node:24-bookworm-slim AS node
ENV DO_NOT_TRACK=1 NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /rollcall

# package.json files and lockfiles in /manifests, sources in /sources: a changed source does not install anything again.
FROM node AS pruned
COPY . .
RUN turbo="turbo@$(sed -n 's/^  turbo: //p' pnpm-workspace.yaml)" \
 && for app in api worker simulator cli; do \
      npx --yes "$turbo" prune "@rollcall/$app" --docker --production --out-dir "/pruned/$app" \
      && mkdir -p /manifests /sources \
      && mv "/pruned/$app/json" "/manifests/$app" \
      && mv "/pruned/$app/full" "/sources/$app" \
      || exit 1; \
    done

# Dependencies without those of development, which include the `node` package: the base image has Node already.
FROM node AS installed
COPY --from=pruned /manifests ./
RUN --mount=type=cache,id=rollcall-pnpm,target=/pnpm \
    for app in *; do \
      ( cd "$app" && npx --yes "$(node -p 'require("./package.json").packageManager')" install \
          --frozen-lockfile --prod --store-dir /pnpm/store --package-import-method copy ) || exit 1; \
    done

# What all images share. Everything belongs to root and nothing is writable for the user that runs it; programs write below /tmp only.
FROM node AS program
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="Rollcall" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
# As packages/config/node-flags.ts has them, and why.
ENV NODE_OPTIONS="--max-semi-space-size=4"
USER 10001:10001

FROM program AS api
LABEL org.opencontainers.image.title="rollcall-api" \
      org.opencontainers.image.description="Takes lists of phone numbers over HTTP, and answers what has become of them"
COPY --from=installed /rollcall/api ./
COPY --from=pruned /sources/api ./
ENV ROLLCALL_HOST=0.0.0.0 ROLLCALL_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ROLLCALL_PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/api/main.ts"]

FROM program AS worker
LABEL org.opencontainers.image.title="rollcall-worker" \
      org.opencontainers.image.description="Sends chunks to the providers, asks until they are ready, and writes a row per number"
COPY --from=installed /rollcall/worker ./
COPY --from=pruned /sources/worker ./
COPY migrations ./migrations
ENV ROLLCALL_METRICS_HOST=0.0.0.0 ROLLCALL_METRICS_PORT=9464
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ROLLCALL_METRICS_PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/worker/main.ts"]

FROM program AS simulator
LABEL org.opencontainers.image.title="rollcall-simulator" \
      org.opencontainers.image.description="The providers' contracts, played: for trying Rollcall without spending money"
COPY --from=installed /rollcall/simulator ./
COPY --from=pruned /sources/simulator ./
# A volume that is mounted there belongs to the program's user from its start.
USER root
RUN install -d -o 10001 -g 10001 -m 0700 /data
USER 10001:10001
EXPOSE 9090 9091
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/_sim/settings').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "apps/simulator/main.ts", "--host", "0.0.0.0", "--port", "9090", "--result-port", "9091"]

FROM program AS cli
LABEL org.opencontainers.image.title="rollcall-cli" \
      org.opencontainers.image.description="The command line, which speaks to the API over HTTP"
COPY --from=installed /rollcall/cli ./
COPY --from=pruned /sources/cli ./
ENTRYPOINT ["node", "apps/cli/main.ts"]
