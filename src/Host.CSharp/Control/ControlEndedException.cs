namespace Serverless.Host.Control;

/// <summary>Somebody asked a database's controller that has ended, or ended before it could answer.</summary>
internal sealed class ControlEndedException(string database) : InvalidOperationException($"the database {database} is not controlled any more");
