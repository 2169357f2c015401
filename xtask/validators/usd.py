"""Validates USDZ files with every validator that usd-core brings; prints what is wrong and fails when anything is.

python usd.py FILE...
"""

import sys

from pxr import Usd, UsdGeom, UsdValidation

registry = UsdValidation.ValidationRegistry()
context = UsdValidation.ValidationContext(registry.GetOrLoadAllValidators())
wrong = 0
for path in sys.argv[1:]:
    stage = Usd.Stage.Open(path)
    errors = context.Validate(stage)
    meshes = [prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
    if not meshes or not stage.GetDefaultPrim():
        errors = [*errors, "no mesh, or no default prim"]
    wrong += len(errors)
    print(f"{path}: {len(errors)} errors, {len(meshes)} meshes")
    for error in errors:
        print("  ", error if isinstance(error, str) else f"{error.GetName()}: {error.GetMessage()}")
sys.exit(1 if wrong else 0)
