# The agent of one site, as an image: node, Holdfast's bundle, and nothing else.
#
#   docker build -t holdfast .
#
# BASE is any image with node 22 or later; its shell and npm are used by the first stage only. Where no package registry is reached from a
# build, make the bundle outside and let it be taken as it is:
#
#   npm run build && docker build --build-arg BUNDLE=prebuilt -t holdfast .
#
# No BuildKit is needed.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
# So that `docker image prune --filter label=dev.holdfast.build` finds what this stage leaves behind.
LABEL dev.holdfast.build=stage
# `build` makes the bundle here; `prebuilt` takes dist/ from the context.
ARG BUNDLE=build
WORKDIR /src
COPY . .
RUN if [ "$BUNDLE" = build ]; then npm run build; fi \
 && test -f dist/holdfast.js

FROM ${BASE}
COPY --from=build /src/dist /opt/holdfast
# State, and below `apps` the files of Git that services bind. The engine resolves those on the host, so mount a folder of the host here at
# the same path: -v /var/lib/holdfast:/var/lib/holdfast
VOLUME /var/lib/holdfast
# It runs as root: the engine's socket belongs to root, and everybody who may write to it is as powerful as root on the host. Where the socket has a
# group, `--user 65532:GROUP` works as well, with a folder that this user may write.
# The settings of AGENT_FLAGS and AGENT_ENVIRONMENT in src/cli/start/agent-process.ts, which says what they are for. An agent that is started without
# them takes them by itself, in a few milliseconds more; a test compares the words.
ENV MALLOC_MMAP_THRESHOLD_=32768
ENTRYPOINT ["node", "--max-semi-space-size=1", "--max-old-space-size=64", "--no-opt", "--no-maglev", "--no-sparkplug", "/opt/holdfast/holdfast.js"]
CMD ["agent"]
