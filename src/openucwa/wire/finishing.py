"""The last touch: the Content-Type of what a resource showed, and gzip."""

from openucwa.wire import compression, negotiation
from openucwa.wire.resource import Request, Resource, Response


class Finishing:
    """Falcon's middleware behind all responders."""

    async def process_response(
        self, req: Request, resp: Response, resource: Resource[object] | None, req_succeeded: bool
    ) -> None:
        if resp.media is not None and resp.content_type is None:
            resp.content_type = negotiation.content_type(req.call.media_type)
        shown = resp.media is not None or resp.text is not None or resp.data is not None
        if shown or resp.status_code == 304:
            resp.append_header("Vary", "Accept, Accept-Encoding")
        if shown and req.method != "HEAD" and compression.accepts_gzip(req.get_header("Accept-Encoding")):
            body = await resp.render_body()
            if body:
                resp.media = None
                resp.text = None
                resp.data = compression.compress(body)
                resp.set_header("Content-Encoding", "gzip")
