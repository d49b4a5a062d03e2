"""Files of `web/`: scripts and styles of the server's own pages, read once."""

from importlib.resources import files

from openucwa.model.refusals import ResourceNotFound
from openucwa.wire.resource import Call, Request, Resource, Response, operation

TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


class Static(Resource[tuple[str, bytes]]):
    """A file by its name; only what was there at the start is served, so no path can lead elsewhere."""

    rel = "static"
    public = True

    def __init__(self) -> None:
        self._files = {
            entry.name: (TYPES[suffix], entry.read_bytes())
            for entry in files("openucwa.web").iterdir()
            if (suffix := "." + entry.name.rpartition(".")[2]) in TYPES
        }

    async def locate(self, call: Call, name: str = "", **_names: str) -> tuple[str, bytes]:
        if (found := self._files.get(name)) is None:
            raise ResourceNotFound("there is no such file")
        return found

    @operation("A script, style or picture of the server's pages.", produces=("*/*",))
    async def on_get(self, req: Request, resp: Response, target: tuple[str, bytes]) -> None:
        resp.content_type, resp.data = target
